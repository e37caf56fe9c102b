// Reads what stands inside a line of Markdown into nodes: emphasis, code, links, line ends. Markup of HTML stays text.
// Each text is read once from left to right; how deep things nest is bounded. Blocks: markdown-blocks.js.
import { element } from "./elements.js";

const portionLength = 4096;
const mostOpenings = 16;
const longestMark = 4;
const punctuation = /[\p{P}\p{S}]/u;
const ideographic = /[\p{Script=Hangul}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;
const special = /[\\`*_~[\]!<\n]|https?:\/\//g;
const address = /https?:\/\/[!#-;=?-Z_a-z~]+/y;
const lineBreak = /<br\s{0,8}\/?>/iy;

/**
 * Nodes for a text. `isOpen`: more may follow, so that emphasis which has begun is shown as such. Line ends are kept:
 * models transcribe documents by lines.
 */
export function inlineNodes(text, isOpen = false) {
    return nodes(emphasize(new InlineReader(text).read(), isOpen))
        .map((node) => (typeof node === "string" ? document.createTextNode(node) : node));
}

/** A text in parts that are read one by one, so that one without end is not read again and again: few are longer. */
export function inlinePortions(text) {
    const portions = [];
    let start = 0;
    while (text.length - start > portionLength) {
        const end = text.indexOf(" ", start + portionLength);
        if (end < 0) break;
        portions.push(text.slice(start, end));
        start = end;
    }
    return [...portions, text.slice(start)];
}

/** Splits a text into pieces: `{ text }`, `{ node }`, or what may be emphasis `{ mark, count, opens, closes }`. */
class InlineReader {
    #text;
    #at = 0;
    #pieces = [];
    /** Where in the pieces a `[` stands that may begin a link. */
    #brackets = [];
    #ticks;

    constructor(text) {
        this.#text = text;
        this.#ticks = runsOfTicks(text);
    }

    read() {
        const text = this.#text;
        while (this.#at < text.length) {
            special.lastIndex = this.#at;
            const found = special.exec(text);
            const next = found ? found.index : text.length;
            if (next > this.#at) this.#pieces.push({ text: text.slice(this.#at, next) });
            this.#at = next;
            if (found) this.#readSpecial(found[0]);
        }
        return this.#pieces;
    }

    #readSpecial(found) {
        switch (found) {
        case "\\": return this.#readEscape();
        case "`": return this.#readCode();
        case "*": case "_": case "~": return this.#readMark(found);
        case "[": return this.#readBracket(1);
        case "!": return this.#text[this.#at + 1] === "[" ? this.#readBracket(2) : this.#readText(1);
        case "]": return this.#readLink();
        case "<": return this.#readAngle();
        case "\n": return this.#readNode(element("br"), 1);
        default: return this.#readAddress();
        }
    }

    #readText(length) {
        this.#pieces.push({ text: this.#text.slice(this.#at, this.#at + length) });
        this.#at += length;
    }

    #readNode(node, length) {
        this.#pieces.push({ node });
        this.#at += length;
    }

    #readEscape() {
        const next = this.#text[this.#at + 1] ?? "";
        if (!/[!-/:-@[-`{-~]/.test(next)) return this.#readText(1);
        this.#at += 1;
        this.#readText(1);
    }

    #readCode() {
        const run = runLength(this.#text, this.#at);
        const start = this.#at + run;
        const end = this.#ticks.get(run)?.find(start);
        if (end === undefined) return this.#readText(run);
        const code = this.#text.slice(start, end).replaceAll("\n", " ");
        const isPadded = code.startsWith(" ") && code.endsWith(" ") && code.trim() !== "";
        this.#readNode(element("code", {}, isPadded ? code.slice(1, -1) : code), run + code.length + run);
    }

    #readMark(mark) {
        const count = runLength(this.#text, this.#at);
        const before = previousCharacter(this.#text, this.#at);
        const after = nextCharacter(this.#text, this.#at + count);
        const leadsIn = canFlank(after, before), leadsOut = canFlank(before, after);
        const isWord = mark === "_";
        const isUsable = mark === "~" ? count === 2 : count <= longestMark;
        this.#pieces.push({
            mark,
            count,
            opens: isUsable && leadsIn && (!isWord || !leadsOut || punctuation.test(before)),
            closes: isUsable && leadsOut && (!isWord || !leadsIn || punctuation.test(after)),
        });
        this.#at += count;
    }

    #readBracket(length) {
        this.#brackets.push(this.#pieces.length);
        this.#readText(length);
    }

    #readLink() {
        const opening = this.#brackets.pop();
        const target = opening === undefined ? null : linkTarget(this.#text, this.#at + 1);
        if (!target) return this.#readText(1);
        const label = emphasize(this.#pieces.splice(opening).slice(1), false);
        // A link has no links in it.
        this.#brackets = [];
        this.#readNode(link(target.address, nodes(label)), 1 + target.length);
    }

    #readAngle() {
        lineBreak.lastIndex = this.#at;
        const found = lineBreak.exec(this.#text);
        if (found) return this.#readNode(element("br"), found[0].length);
        this.#readText(1);
    }

    #readAddress() {
        address.lastIndex = this.#at;
        const found = address.exec(this.#text)?.[0].replace(/[.,;:!?'*_~]{1,8}$/, "") ?? "";
        const whole = found.endsWith(")") && !found.includes("(") ? found.slice(0, -1) : found;
        const isAddress = !/\w/.test(this.#text[this.#at - 1] ?? "") && safeAddress(whole);
        if (isAddress) this.#readNode(link(whole, [whole]), whole.length);
        else this.#readText(found ? found.length : 4);
    }
}

/** Joins pieces between marks that match into `strong`, `em` and `del`. What matches nothing stays text. */
function emphasize(pieces, isOpen) {
    const joined = [];
    let openings = [];
    for (const piece of pieces) {
        if (!piece.mark) {
            joined.push(piece);
            continue;
        }
        const rest = { ...piece };
        while (rest.closes && rest.count > 0) {
            const index = openings.findLastIndex((opening) => matches(joined[opening], piece, rest));
            if (index < 0) break;
            const opening = joined[openings[index]];
            const used = Math.min(opening.count, rest.count, 2);
            const node = wrapped(joined.splice(openings[index] + 1), opening.mark, used);
            opening.count -= used;
            rest.count -= used;
            joined.push(node);
            openings = openings.slice(0, opening.count > 0 ? index + 1 : index);
        }
        if (rest.count === 0) continue;
        if (rest.opens && openings.length < mostOpenings) openings.push(joined.length);
        joined.push(rest);
    }
    const last = isOpen ? openings.findLast((opening) => joined[opening].count >= 2) : undefined;
    if (last !== undefined && last + 1 < joined.length) {
        joined[last].count -= 2;
        joined.push(wrapped(joined.splice(last + 1), joined[last].mark, 2));
    }
    return joined;
}

/** Whether a mark that opens and one that closes belong together; sums divisible by three tell `**a*b**` apart. */
function matches(opening, piece, rest) {
    if (opening.mark !== rest.mark) return false;
    const isAmbiguous = opening.closes || piece.opens;
    return !isAmbiguous || (opening.count + rest.count) % 3 !== 0 || (opening.count % 3 === 0 && rest.count % 3 === 0);
}

function wrapped(pieces, mark, count) {
    const name = mark === "~" ? "del" : count === 2 ? "strong" : "em";
    return { node: element(name, {}, ...nodes(pieces)) };
}

const nodes = (pieces) => pieces.map((piece) => piece.node ?? piece.text ?? piece.mark.repeat(piece.count));

/**
 * Whether a mark beside `inner` may be emphasis. CommonMark asks for a space outside where punctuation is inside; in
 * Korean, Chinese and Japanese particles follow directly (`**합계(원)**은`), so their letters count as a space.
 */
function canFlank(inner, outer) {
    if (inner === "" || /\s/.test(inner)) return false;
    return !punctuation.test(inner) || outer === "" || /\s/.test(outer) || punctuation.test(outer)
        || ideographic.test(outer);
}

/** A link that opens elsewhere and tells the other side nothing, or, for addresses that are not of the web, text. */
function link(to, content) {
    return element("a", { href: to, target: "_blank", rel: "noopener noreferrer", title: to }, ...content);
}

function safeAddress(text) {
    if (!URL.canParse(text)) return false;
    return ["http:", "https:"].includes(new URL(text).protocol);
}

/** What follows `[label]`: `(address)` or `(address "title")`, if it is an address of the web. */
function linkTarget(text, at) {
    if (text[at] !== "(") return null;
    let depth = 1, end = at + 1;
    const most = Math.min(text.length, at + 4096);
    for (; end < most; end += 1) {
        if (text[end] === "\n" || text[end] === "<") return null;
        if (text[end] === "(") depth += 1;
        if (text[end] === ")" && --depth === 0) break;
    }
    if (depth !== 0) return null;
    const inner = text.slice(at + 1, end).trim();
    const address = inner.split(/[ \t]/, 1)[0];
    return safeAddress(address) ? { address, length: end + 1 - at } : null;
}

function runLength(text, at) {
    let end = at + 1;
    while (text[end] === text[at]) end += 1;
    return end - at;
}

/** Where runs of backticks stand, by their length: looked up from left to right, so that each is passed once. */
function runsOfTicks(text) {
    const runs = new Map();
    for (const { index, 0: { length } } of text.matchAll(/`+/g)) {
        if (!runs.has(length)) runs.set(length, new Positions());
        runs.get(length).add(index);
    }
    return runs;
}

class Positions {
    #all = [];
    #next = 0;

    add(position) { this.#all.push(position); }

    /** The first position from `start` on. `start` never falls. */
    find(start) {
        while (this.#all[this.#next] < start) this.#next += 1;
        return this.#all[this.#next];
    }
}

const nextCharacter = (text, at) => (at < text.length ? String.fromCodePoint(text.codePointAt(at)) : "");

const previousCharacter = (text, at) => {
    const isPair = /[\uDC00-\uDFFF]/.test(text[at - 1] ?? "") && at > 1;
    return at === 0 ? "" : text.slice(at - (isPair ? 2 : 1), at);
};
