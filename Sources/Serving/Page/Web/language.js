// Which language the page speaks, and how its texts get into elements and change with the language.
// The texts themselves: strings.js.
import { strings } from "./strings.js";
import { read, remember } from "./storage.js";

/** The languages by the names that they give themselves. */
export const languages = { en: "English", ko: "한국어" };

/** The attributes of an element that name texts, and where each text goes. */
const places = {
    text: (node, text) => { node.textContent = text; },
    group: (node, text) => node.setAttribute("label", text),
    placeholder: (node, text) => node.setAttribute("placeholder", text),
    label: (node, text) => {
        node.setAttribute("aria-label", text);
        if (node.matches("button")) node.title = text;
    },
};

const valuesOfNodes = new WeakMap();
let current = preferredLanguage();

function preferredLanguage() {
    const chosen = read("language");
    if (chosen in strings) return chosen;
    return (navigator.languages ?? [navigator.language]).map((tag) => tag.split("-")[0]).find((tag) => tag in strings)
        ?? "en";
}

export const language = () => current;

/** Changes the language of the whole page, from now on and at the next visit. */
export function setLanguage(tag) {
    current = tag;
    remember("language", tag);
    translate();
}

/** The text of a key, with `{name}` replaced by values: see `written`. */
export function text(key, values = {}) {
    return strings[current][key].replace(/\{(\w+)\}/g, (_, name) => written(values[name]));
}

/** A value as the language writes it: numbers by three digits if not whole; `{ key, values }` is a text. */
function written(value) {
    if (value?.key) return text(value.key, value.values);
    if (typeof value !== "number") return String(value);
    const digits = Number.isInteger(value) ? {} : { maximumSignificantDigits: 3 };
    return new Intl.NumberFormat(current, digits).format(value);
}

/** Gives an element texts that follow the language: `{ text, label, group, placeholder }` name keys. Answers it. */
export function say(node, keys, values = {}) {
    for (const [place, key] of Object.entries(keys)) node.dataset[place] = key;
    valuesOfNodes.set(node, values);
    translateNode(node);
    return node;
}

/** Writes every text of the document anew. */
export function translate() {
    document.documentElement.lang = current;
    const selector = Object.keys(places).map((place) => `[data-${place}]`).join();
    document.querySelectorAll(selector).forEach(translateNode);
}

function translateNode(node) {
    const values = valuesOfNodes.get(node);
    for (const [place, write] of Object.entries(places)) {
        if (place in node.dataset) write(node, text(node.dataset[place], values));
    }
}
