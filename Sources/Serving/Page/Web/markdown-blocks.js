// Splits Markdown into blocks. The dialect is CommonMark with tables, made lenient where models are: two spaces nest a
// list, indented text is no code, HTML and lines of `---` under text mean nothing special. Nodes: markdown.js.

/** How deep lists and quotes nest; beyond, their marks are text. */
export const mostDepth = 12;

const heading = /^ {0,3}(#{1,6})(?=\s|$)/;
const fence = /^( {0,12})(`{3,}(?!`)|~{3,}(?!~))([^`]*)$/;
const rule = /^ {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*$/;
const quote = /^ {0,3}> ?/;
const item = /^([ \t]{0,12})([-*+]|\d{1,9}[.)])( {1,4}(?=\S)| |\t|$)/;

/**
 * The blocks of some lines, in order. Each has its `kind`, its first line's number `start`, and:
 * paragraph `text`; heading `level`, `text`; code `language`, `text`; quote `lines`; table `alignments`, `rows`;
 * list `ordinal` (`null` for bullets), `items` (each the lines of an item), `isLoose`; rule nothing.
 * `isOpen`: more lines may follow, so that lines which look like the beginning of a table are one.
 */
export function splitBlocks(lines, depth = 0, isOpen = false) {
    const blocks = [];
    let at = 0;
    const add = (block, next) => {
        blocks.push({ ...block, start: at });
        at = next;
    };
    while (at < lines.length) {
        const line = lines[at];
        if (isBlank(line)) at += 1;
        else if (fence.test(line)) add(...readCode(lines, at));
        else if (heading.test(line)) add(readHeading(line), at + 1);
        else if (rule.test(line)) add({ kind: "rule" }, at + 1);
        else if (depth < mostDepth && quote.test(line)) add(...readQuote(lines, at));
        else if (depth < mostDepth && item.test(line)) add(...readList(lines, at));
        else if (isTableStart(lines, at, isOpen)) add(...readTable(lines, at));
        else add(...readParagraph(lines, at, depth));
    }
    return blocks;
}

const isBlank = (line) => line.trim() === "";

/** Whether a line begins a block that needs no blank line before it. */
const interrupts = (line) => fence.test(line) || heading.test(line) || rule.test(line) || quote.test(line);

function readHeading(line) {
    const level = heading.exec(line)[1].length;
    const text = line.trim().slice(level).replace(/(^|\s)#+$/, "");
    return { kind: "heading", level, text: text.trim() };
}

function readCode(lines, from) {
    const [, indentation, marks, information] = fence.exec(lines[from]);
    const body = [];
    let at = from + 1;
    for (; at < lines.length; at += 1) {
        const closing = lines[at].trim();
        if (closing.length >= marks.length && closing === marks[0].repeat(closing.length)) break;
        body.push(withoutIndentation(lines[at], indentation.length));
    }
    const language = information.trim().split(/\s/, 1)[0].slice(0, 40);
    return [{ kind: "code", language, text: body.join("\n") }, at + 1];
}

function readQuote(lines, from) {
    let at = from;
    const inner = [];
    for (; at < lines.length && quote.test(lines[at]); at += 1) inner.push(lines[at].replace(quote, ""));
    return [{ kind: "quote", lines: inner }, at];
}

function readList(lines, from) {
    const first = parsedItem(lines[from]);
    const items = [];
    let at = from, isLoose = false, blanks = 0;
    for (; at < lines.length; at += 1) {
        const line = lines[at];
        if (isBlank(line)) {
            blanks += 1;
            continue;
        }
        const indentation = indentationOf(line);
        const isInside = at > from && indentation >= first.indentation + 2;
        const next = isInside ? null : parsedItem(line);
        if (next && !rule.test(line)) {
            if (next.style !== first.style) break;
            isLoose ||= blanks > 0;
            items.push({ lines: [next.content], width: next.width });
        } else if (isInside || (blanks === 0 && !interrupts(line))) {
            const current = items.at(-1);
            isLoose ||= blanks > 0;
            for (; blanks > 0; blanks -= 1) current.lines.push("");
            current.lines.push(withoutIndentation(line, current.width));
        } else {
            break;
        }
        blanks = 0;
    }
    const block = { kind: "list", ordinal: first.ordinal, items: items.map((each) => each.lines), isLoose };
    return [block, at - blanks];
}

/** The parts of a list item's first line; `style` tells lists apart: `- a` and `1. b` are two. */
function parsedItem(line) {
    const found = item.exec(line);
    if (!found) return null;
    const [whole, indentation, mark] = found;
    const ordinal = /\d/.test(mark) ? Number.parseInt(mark, 10) : null;
    return {
        indentation: columns(indentation),
        width: columns(indentation) + whole.length - indentation.length,
        ordinal,
        style: ordinal === null ? mark : mark.at(-1),
        content: line.slice(whole.length),
    };
}

/** Whether a table begins: a line of cells over a line of dashes with as many, or what may still become that. */
function isTableStart(lines, at, isOpen) {
    const line = lines[at];
    if (!line.includes("|")) return false;
    const found = alignments(lines[at + 1] ?? "");
    if (found) return found.length === cells(line).length;
    if (!isOpen || !line.trimStart().startsWith("|")) return false;
    return at + 1 === lines.length || (at + 2 === lines.length && /^[\s|:-]*$/.test(lines[at + 1]));
}

function readTable(lines, from) {
    const head = cells(lines[from]);
    const aligned = alignments(lines[from + 1] ?? "") ?? [];
    const rows = [head];
    let at = from + 2;
    for (; at < lines.length && lines[at].includes("|") && !interrupts(lines[at]); at += 1) {
        const row = cells(lines[at]).slice(0, head.length);
        while (row.length < head.length) row.push("");
        rows.push(row);
    }
    return [{ kind: "table", alignments: head.map((_, index) => aligned[index] ?? null), rows }, at];
}

/** The alignment of each column if this is the line under a table's head, else `null`. */
function alignments(line) {
    if (!/^[\s|:-]+$/.test(line) || !line.includes("|")) return null;
    const marks = cells(line);
    if (!marks.every((cell) => /^:?-+:?$/.test(cell))) return null;
    return marks.map((cell) => {
        if (cell.endsWith(":")) return cell.startsWith(":") ? "center" : "end";
        return cell.startsWith(":") ? "start" : null;
    });
}

/** The cells of a table's line; `\|` is a bar within one. */
function cells(line) {
    const trimmed = line.trim().replace(/^\|/, "").replace(/\|$/, (bar, at, all) => (all[at - 1] === "\\" ? bar : ""));
    return trimmed.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));
}

function readParagraph(lines, from, depth) {
    const ends = (at) => isBlank(lines[at]) || interrupts(lines[at]) || isTableStart(lines, at, false)
        || (depth < mostDepth && startsListInText(lines[at]));
    let at = from + 1;
    while (at < lines.length && !ends(at)) at += 1;
    const text = lines.slice(from, at).map((line) => line.trim()).join("\n");
    return [{ kind: "paragraph", text }, at];
}

/** Within a paragraph a number begins a list only if it is the first: `2024.` at a line's start is a year. */
function startsListInText(line) {
    const found = parsedItem(line);
    return found !== null && found.content !== "" && (found.ordinal === null || found.ordinal === 1);
}

/** How far spaces and tabs reach; a tab is four columns. */
const columns = (space) => space.length + 3 * (space.split("\t").length - 1);

const indentationOf = (line) => columns(line.slice(0, line.length - line.trimStart().length));

/** The line without its first columns, as far as they are empty. */
function withoutIndentation(line, width) {
    let at = 0;
    for (let left = width; left > 0 && (line[at] === " " || line[at] === "\t"); at += 1) left -= columns(line[at]);
    return line.slice(at);
}
