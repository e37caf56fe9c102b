// Shows Markdown that grows, safely: as elements and text nodes, never as markup. What has not changed is not touched,
// so that an answer costs its length and not the square of it. Reads: markdown-blocks.js, markdown-inline.js.
import { copyButton } from "./copying.js";
import { element } from "./elements.js";
import { say } from "./language.js";
import { splitBlocks } from "./markdown-blocks.js";
import { inlineNodes, inlinePortions } from "./markdown-inline.js";

/** A text shown as Markdown in an element. Each text that is shown begins with the one before. */
export class MarkdownView {
    #blocks;
    /** The last two blocks may still change: what follows decides where the last begins. Those before are settled. */
    #settledBlocks = 0;
    #settledLength = 0;

    constructor(container) {
        this.#blocks = new BlockSequence(container);
    }

    /** Shows a text. `isOpen`: more will follow. Answers how many blocks will not change any more. */
    show(text, isOpen) {
        const lines = text.slice(this.#settledLength).split(/\r?\n/);
        const blocks = splitBlocks(lines, 0, isOpen);
        this.#blocks.show(blocks, this.#settledBlocks, 0, isOpen);
        if (blocks.length > 2) {
            this.#settledLength = startOfLine(text, this.#settledLength, blocks.at(-2).start);
            this.#settledBlocks += blocks.length - 2;
        }
        return isOpen ? this.#settledBlocks : this.#blocks.count;
    }
}

/** Where the line begins that is `number` lines after the one at `from`. */
function startOfLine(text, from, number) {
    let at = from;
    for (let line = 0; line < number; line += 1) at = text.indexOf("\n", at) + 1;
    return at;
}

/** The blocks in an element: the page, a quote or an item of a list. */
class BlockSequence {
    #container;
    #shown = [];

    constructor(container) {
        this.#container = container;
    }

    get count() { return this.#shown.length; }

    /** Shows blocks from `first` on, and none after them. */
    show(blocks, first, depth, isOpen) {
        blocks.forEach((block, index) => {
            const at = first + index;
            const isLast = isOpen && index === blocks.length - 1;
            if (this.#shown[at]?.kind !== block.kind) this.#place(at, block.kind);
            this.#shown[at].view.show(block, depth, isLast);
        });
        for (const { view } of this.#shown.splice(first + blocks.length)) view.node.remove();
    }

    #place(at, kind) {
        const shown = { kind, view: new views[kind]() };
        if (at < this.#shown.length) this.#shown[at].view.node.replaceWith(shown.view.node);
        else this.#container.append(shown.view.node);
        this.#shown[at] = shown;
    }
}

/** A text of a line or a paragraph, read again only where it changes: in its last portion. */
class InlineText {
    #portions = [];

    constructor(node) {
        this.node = node;
    }

    show(text, isOpen) {
        const portions = inlinePortions(text);
        const last = portions.length - 1;
        portions.forEach((portion, index) => this.#showPortion(index, portion, isOpen && index === last));
        for (const { nodes } of this.#portions.splice(portions.length)) nodes.forEach((node) => node.remove());
    }

    #showPortion(index, text, isOpen) {
        const shown = this.#portions[index];
        if (shown?.text === text && shown.isOpen === isOpen) return;
        const nodes = inlineNodes(text, isOpen);
        const next = this.#portions[index + 1]?.nodes[0] ?? null;
        shown?.nodes.forEach((node) => node.remove());
        nodes.forEach((node) => this.node.insertBefore(node, next));
        this.#portions[index] = { text, isOpen, nodes };
    }
}

class ParagraphView {
    node = element("p");
    #text = new InlineText(this.node);

    show(block, _, isOpen) { this.#text.show(block.text, isOpen); }
}

class HeadingView {
    // Headings of an answer stand under those of the page.
    node = element("div", { role: "heading" });
    #text = new InlineText(this.node);

    show(block, _, isOpen) {
        this.node.className = `heading level-${block.level}`;
        this.node.setAttribute("aria-level", String(Math.min(block.level + 2, 6)));
        this.#text.show(block.text, isOpen);
    }
}

class RuleView {
    node = element("hr");

    show() {}
}

class QuoteView {
    node = element("blockquote");
    #inner = new BlockSequence(this.node);

    show(block, depth, isOpen) {
        this.#inner.show(splitBlocks(block.lines, depth + 1, isOpen), 0, depth + 1, isOpen);
    }
}

/** Code, whose text grows at its end. Also shows calls of tools (answer-view.js). */
export class CodeView {
    #text = document.createTextNode("");
    #language = element("span", { class: "code-language" });
    node = element("figure", { class: "code" },
        element("figcaption", {}, this.#language, copyButton("copyCode", () => this.#text.data)),
        element("pre", { tabindex: "0" }, element("code", { translate: "no" }, this.#text)));

    show({ language, text }) {
        this.#language.textContent = language;
        const shown = this.#text.data;
        if (text.startsWith(shown)) this.#text.appendData(text.slice(shown.length));
        else this.#text.data = text;
    }
}

class ListView {
    node = element("div", { class: "list" });
    #list = null;
    #items = [];

    show({ ordinal, items, isLoose }, depth, isOpen) {
        const name = ordinal === null ? "UL" : "OL";
        if (this.#list?.tagName !== name) this.#begin(name);
        if (ordinal !== null) this.#list.start = ordinal;
        this.#list.classList.toggle("loose", isLoose);
        items.forEach((lines, index) => this.#showItem(lines, index, depth, isOpen && index === items.length - 1));
        for (const { node } of this.#items.splice(items.length)) node.remove();
    }

    #begin(name) {
        this.#list = element(name);
        this.#items = [];
        this.node.replaceChildren(this.#list);
    }

    #showItem(lines, index, depth, isOpen) {
        if (!this.#items[index]) {
            const node = element("li");
            this.#items[index] = { node, blocks: new BlockSequence(node), source: null, wasOpen: false };
            this.#list.append(node);
        }
        const item = this.#items[index];
        const source = lines.join("\n");
        if (source === item.source && isOpen === item.wasOpen) return;
        Object.assign(item, { source, wasOpen: isOpen });
        item.blocks.show(splitBlocks(lines, depth + 1, isOpen), 0, depth + 1, isOpen);
    }
}

class TableView {
    #head = element("thead");
    #body = element("tbody");
    node = say(element("div", { class: "table", role: "region", tabindex: "0" },
        element("table", {}, this.#head, this.#body)), { label: "table" });
    #rows = [];

    show({ rows, alignments }) {
        rows.forEach((cells, index) => {
            if (this.#rows[index]?.length !== cells.length) this.#placeRow(cells.length, index);
            this.#rows[index].forEach((cell, column) => {
                cell.show(cells[column], false);
                cell.node.className = alignments[column] ? `align-${alignments[column]}` : "";
            });
        });
        for (const [first] of this.#rows.splice(rows.length)) first.node.parentNode.remove();
    }

    /** Puts an empty row in its place. The head grows until its line has ended. */
    #placeRow(width, index) {
        const name = index === 0 ? "th" : "td";
        const cells = Array.from({ length: width }, () => element(name, index === 0 ? { scope: "col" } : {}));
        const row = element("tr", {}, ...cells);
        if (this.#rows[index]) this.#rows[index][0].node.parentNode.replaceWith(row);
        else (index === 0 ? this.#head : this.#body).append(row);
        this.#rows[index] = cells.map((cell) => new InlineText(cell));
    }
}

const views = {
    paragraph: ParagraphView, heading: HeadingView, rule: RuleView, quote: QuoteView, code: CodeView, list: ListView,
    table: TableView,
};
