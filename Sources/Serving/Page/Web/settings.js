// The panel of settings: what becomes fields of a request, the API key, theme, language, and what is done with the
// conversation. Beside the conversation where there is room, over it on small screens. The fields: fields.js.
import { element, part } from "./elements.js";
import { Field, FieldError, numberField, numbers, schemaFormat, stopTexts } from "./fields.js";
import { language, languages, say, setLanguage } from "./language.js";
import { read, remember } from "./storage.js";

const overlay = matchMedia("(max-width: 59.99rem)");

export class Settings {
    #panel = part("settings");
    #toggle = part("settings-toggle");
    #numbers = numbers.map((each) => ({ name: each.name, field: numberField(each) }));
    #system = textField("systemPrompt", { hint: "systemPromptHint", rows: 3 });
    #stops = textField("stopTexts", { help: "stopTextsHelp", rows: 2, read: stopTexts });
    #schema = textField("schema", { rows: 6, read: schemaFormat });
    #format = choice("format", {
        text: "formatText", json_object: "formatObject", json_schema: "formatSchema",
    }, { isTitled: true });
    #key = keyField();
    #version = element("p", { class: "fine" });

    /** `keyChanged`, `download` and `clear` are called when the user asks for them. */
    constructor({ keyChanged, download, clear }) {
        this.#fill({ download, clear });
        this.#key.input.addEventListener("change", () => {
            if (!this.#key.check()) return;
            keep("api-key", this.#key.input.value.trim());
            keyChanged();
        });
        this.#format.input.addEventListener("change", () => this.#showSchema());
        this.#toggle.addEventListener("click", () => (this.isOpen ? this.close() : this.open()));
        part("settings-close").addEventListener("click", () => this.close());
        overlay.addEventListener("change", () => this.#cover());
        this.#showSchema();
        if (!overlay.matches) this.#setOpen(true);
    }

    get isOpen() { return !this.#panel.hidden; }

    /** Whether the panel covers the conversation. */
    get isOverlay() { return this.isOpen && overlay.matches; }

    /** The API key, or the empty text. */
    get key() { return this.#key.check() ? this.#key.input.value.trim() : ""; }

    /** `{ systemPrompt, fields }` of a request, or `null` if there are mistakes, which are then marked and shown. */
    get values() {
        const fields = [...this.#numbers.map(({ field }) => field), this.#stops];
        if (this.#format.input.value === "json_schema") fields.push(this.#schema);
        const wrong = fields.filter((field) => !field.check());
        if (wrong.length) {
            this.open(wrong[0].input);
            return null;
        }
        const set = this.#numbers.map(({ name, field }) => [name, field.value]);
        set.push(["stop", this.#stops.value], ["response_format", this.#responseFormat]);
        return {
            systemPrompt: this.#system.input.value.trim(),
            fields: Object.fromEntries(set.filter(([, value]) => value !== undefined)),
        };
    }

    set version(version) {
        if (version) say(this.#version, { text: "version" }, { version });
    }

    /** Opens the panel and goes to an input, or to its first button. */
    open(input = null) {
        this.#setOpen(true);
        (input ?? part("settings-close")).focus();
    }

    openAtKey() { this.open(this.#key.input); }

    close() {
        this.#setOpen(false);
        this.#toggle.focus();
    }

    get #responseFormat() {
        const { value } = this.#format.input;
        if (value === "json_schema") return this.#schema.value;
        return value === "text" ? undefined : { type: value };
    }

    #setOpen(isOpen) {
        this.#panel.hidden = !isOpen;
        this.#toggle.setAttribute("aria-expanded", String(isOpen));
        this.#cover();
    }

    /** What the panel covers cannot be reached by keys either. */
    #cover() {
        part("main").inert = this.isOverlay;
        document.querySelector(".bar").inert = this.isOverlay;
    }

    #showSchema() { this.#schema.node.hidden = this.#format.input.value !== "json_schema"; }

    #fill({ download, clear }) {
        part("settings-body").append(
            this.#system.node,
            group("sampling", say(element("p", { class: "fine" }), { text: "samplingHelp" }),
                element("div", { class: "numbers" }, ...this.#numbers.map(({ field }) => field.node)),
                this.#stops.node, plainButton("resetSampling", () => this.#reset())),
            group("format", this.#format.node, this.#schema.node),
            group("access", this.#key.node),
            group("appearance", themeChoice().node, languageChoice().node),
            group("conversation", plainButton("download", download), plainButton("clear", clear)),
            this.#version,
        );
    }

    #reset() {
        for (const field of [...this.#numbers.map((each) => each.field), this.#stops]) {
            field.input.value = "";
            field.check();
        }
    }
}

function group(title, ...content) {
    return element("fieldset", {}, say(element("legend"), { text: title }), ...content);
}

function plainButton(text, onclick) {
    return say(element("button", { type: "button", class: "plain", onclick }), { text });
}

function textField(label, { hint = null, help = null, rows, read: value = (input) => input.value }) {
    const input = element("textarea", { id: `field-${label}`, rows, spellcheck: "false", autocomplete: "off" });
    if (hint) say(input, { placeholder: hint });
    return new Field(input, { label, help, read: value });
}

function choice(label, options, { value = null, isTitled = false } = {}) {
    const input = element("select", { id: `field-${label}` }, ...Object.entries(options).map(([name, key]) =>
        say(element("option", { value: name }), { text: key })));
    if (value) input.value = value;
    return new Field(input, { label, isTitled, read: () => input.value });
}

function keyField() {
    const input = element("input", {
        id: "field-key", type: "password", autocomplete: "off", spellcheck: "false", autocapitalize: "none",
    });
    input.value = kept("api-key");
    // A header carries no other characters: `fetch` would refuse the request.
    const check = () => {
        if (!/^[\x21-\x7e]*$/.test(input.value.trim())) throw new FieldError("fieldKey");
    };
    return new Field(input, { label: "apiKey", help: "apiKeyHelp", read: check });
}

function themeChoice() {
    const chosen = read("theme") ?? "system";
    const field = choice("theme", { system: "themeSystem", light: "themeLight", dark: "themeDark" }, { value: chosen });
    field.input.addEventListener("change", () => {
        const theme = field.input.value === "system" ? null : field.input.value;
        remember("theme", theme);
        if (theme) document.documentElement.dataset.theme = theme;
        else delete document.documentElement.dataset.theme;
    });
    return field;
}

function languageChoice() {
    const input = element("select", { id: "field-language" }, ...Object.entries(languages).map(([tag, name]) =>
        element("option", { value: tag, lang: tag }, name)));
    input.value = language();
    input.addEventListener("change", () => setLanguage(input.value));
    return new Field(input, { label: "language", read: () => input.value });
}

/** What this tab keeps until it is closed: the API key, and nothing else. */
function kept(name) {
    try {
        return sessionStorage.getItem(name) ?? "";
    } catch {
        return "";
    }
}

function keep(name, value) {
    try {
        if (value === "") sessionStorage.removeItem(name);
        else sessionStorage.setItem(name, value);
    } catch {
        // Refused: the key holds until the page is left.
    }
}
