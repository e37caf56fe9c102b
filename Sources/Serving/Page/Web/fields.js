// The settings that become fields of a request, one line each, and how their inputs are read. An input that is empty is
// not sent. To add one: a line here, its label in strings.js. The panel around them: settings.js.
import { element } from "./elements.js";
import { say } from "./language.js";

/** Numbers: the field's name in a request, its label, its range and the step of the arrow keys. */
export const numbers = [
    { name: "temperature", label: "temperature", minimum: 0, maximum: 2, step: 0.1 },
    { name: "top_p", label: "topP", minimum: 0, maximum: 1, step: 0.05 },
    { name: "top_k", label: "topK", minimum: 0, maximum: 2 ** 31 - 1, step: 1, isWhole: true },
    { name: "min_p", label: "minP", minimum: 0, maximum: 1, step: 0.05 },
    { name: "repetition_penalty", label: "repetitionPenalty", minimum: 0.01, maximum: 2, step: 0.05 },
    { name: "max_tokens", label: "maxTokens", minimum: 1, maximum: 2 ** 31 - 1, step: 16, isWhole: true },
    { name: "seed", label: "seed", minimum: 0, maximum: Number.MAX_SAFE_INTEGER, step: 1, isWhole: true },
];

/** A mistake in an input: a text of the page. */
export class FieldError extends Error {
    constructor(key, values = {}) {
        super(key);
        Object.assign(this, { key, values });
    }
}

/** A labelled input with its help and its mistake, which readers of the screen hear with it. */
export class Field {
    #read;
    #mistake;

    /** `read` answers the value, `undefined` for none, or throws a `FieldError`; `isTitled`: a title above says all. */
    constructor(input, { label, help = null, isTitled = false, read }) {
        this.input = input;
        this.#read = () => read(input);
        this.#mistake = element("span", { class: "mistake", id: `${input.id}-mistake`, hidden: true });
        const described = [this.#mistake];
        if (help) described.push(say(element("span", { class: "fine", id: `${input.id}-help` }), { text: help }));
        input.setAttribute("aria-describedby", described.map((node) => node.id).join(" "));
        const title = element("label", { for: input.id, class: isTitled ? "unseen" : null });
        this.node = element("div", { class: "field" }, say(title, { text: label }), input, ...described);
        // No change is told of where what is typed is no number.
        for (const event of ["change", "blur"]) input.addEventListener(event, () => this.check());
    }

    /** The value; throws if there is a mistake. */
    get value() { return this.#read(); }

    /** Marks the input if there is a mistake. Answers whether there is none. */
    check() {
        let error = null;
        try {
            this.#read();
        } catch (found) {
            error = found;
        }
        this.#mistake.hidden = error === null;
        if (error) {
            say(this.#mistake, { text: error.key }, error.values);
            this.input.setAttribute("aria-invalid", "true");
        } else {
            this.input.removeAttribute("aria-invalid");
        }
        return error === null;
    }
}

export function numberField({ name, label, minimum, maximum, step, isWhole = false }) {
    const input = element("input", {
        id: `field-${name}`, type: "number", min: minimum, max: maximum, step, autocomplete: "off",
        inputmode: isWhole ? "numeric" : "decimal",
    });
    say(input, { placeholder: "modelDefault" });
    return new Field(input, { label, read: () => number(input, minimum, maximum, isWhole) });
}

function number(input, minimum, maximum, isWhole) {
    if (input.validity.badInput) throw new FieldError(isWhole ? "fieldWhole" : "fieldNumber");
    if (input.value === "") return undefined;
    const value = Number(input.value);
    if (isWhole && !Number.isInteger(value)) throw new FieldError("fieldWhole");
    if (value >= minimum && value <= maximum) return value;
    if (isWhole && value < minimum) throw new FieldError("fieldLeast", { minimum });
    throw new FieldError("fieldRange", { minimum, maximum });
}

/** Texts at which an answer stops, one a line, or `undefined`. */
export function stopTexts(input) {
    const ends = { n: "\n", t: "\t", "\\": "\\" };
    const texts = input.value.split("\n").filter((line) => line !== "")
        .map((line) => line.replace(/\\([nt\\])/g, (_, letter) => ends[letter]));
    return texts.length ? texts : undefined;
}

/** A JSON schema as the request carries it. */
export function schemaFormat(input) {
    let schema;
    try {
        schema = JSON.parse(input.value);
    } catch (error) {
        throw new FieldError("fieldSchema", { reason: error.message });
    }
    if (schema === null || typeof schema !== "object" || Array.isArray(schema)) {
        throw new FieldError("fieldSchema", { reason: input.value.trim().slice(0, 40) });
    }
    return { type: "json_schema", json_schema: { name: "answer", schema, strict: true } };
}
