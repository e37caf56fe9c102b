// What the page knows of the server: whether it is ready, its models and limits. Asks until there is an answer, and
// again when a request has failed. Requests themselves: api.js.
import { listModels, serverHealth, serverVersion } from "./api.js";
import { element, part } from "./elements.js";
import { say } from "./language.js";

const firstWaitMilliseconds = 500;
const longestWaitMilliseconds = 5000;

export class Server {
    limits = {};
    #models = [];
    #chosen = null;
    #picker = part("model");
    #banner = part("status");
    #key;
    #changed;
    #version;
    #needsKey;
    #round = 0;

    /**
     * `key` answers the API key; `changed` is called when it is known whether there is a model, `version` with the
     * server's version, `needsKey` when it asks for a key.
     */
    constructor({ key, changed, version, needsKey }) {
        this.#key = key;
        this.#changed = changed;
        this.#version = version;
        this.#needsKey = needsKey;
        this.#picker.addEventListener("change", () => this.#noteChoice());
    }

    /** The chosen model, or `null` while there is none to ask. */
    get model() { return this.#models.length ? this.#picker.value : null; }

    /** How many tokens the chosen model can hold, or `null`. */
    get contextLength() {
        return this.#models.find((model) => model.id === this.#picker.value)?.max_model_len ?? null;
    }

    /** Asks until the server is ready. A later call takes the place of an earlier one. */
    async connect() {
        const round = ++this.#round;
        for (let wait = firstWaitMilliseconds; ; wait = Math.min(wait * 1.5, longestWaitMilliseconds)) {
            const health = await serverHealth();
            if (round !== this.#round) return;
            if (health === "ready" && await this.#load(round)) return;
            if (round !== this.#round) return;
            if (health !== "ready") this.#state(health);
            await new Promise((resolve) => setTimeout(resolve, wait));
            if (round !== this.#round) return;
        }
    }

    /** Looks again if a request failed in a way that says that the server is not ready any more. */
    checkAfter(error) {
        if (error.status === 503 || error.key === "networkError" || error.key === "cutOff") this.connect();
        if (error.status === 401) this.#needsKey();
    }

    /** Whether there is nothing more to ask for. */
    async #load(round) {
        try {
            const [models, version] = await Promise.all([
                listModels(this.#key()), serverVersion(this.#key()).catch(() => ({ version: "", limits: {} })),
            ]);
            if (round !== this.#round) return true;
            this.limits = version.limits;
            this.#version(version.version);
            this.#showModels(models);
            this.#state(models.length ? null : "noModels");
            return true;
        } catch (error) {
            if (round !== this.#round) return true;
            if (error.status === 401 || error.status === 403) {
                this.#showModels([]);
                this.#state("needsKey");
                this.#needsKey();
                return true;
            }
            if (error.key === "networkError") this.#state("unreachable");
            else if (error.status === 503) this.#state("loading");
            else this.#state("stateError", { message: error.explanation || { key: error.key, values: error.values } });
            return false;
        }
    }

    #state(key, values = {}) {
        this.#banner.hidden = key === null;
        this.#banner.dataset.state = key ?? "ready";
        // Read aloud when it changes, not each time that the server is asked.
        if (key === null) this.#banner.replaceChildren();
        else if (this.#banner.firstChild?.dataset.text !== key) {
            this.#banner.replaceChildren(say(element("span"), { text: key }, values));
        }
        if (key === "loading" || key === "unreachable") this.#showModels([]);
        this.#changed();
    }

    /** Models, then adapters, each with the model that it changes. The choice holds if it is still there. */
    #showModels(models) {
        this.#models = models;
        const options = (list) => list.map((model) => {
            const option = element("option", { value: model.id });
            if (model.parent) return say(option, { text: "adapterOf" }, { name: model.id, parent: model.parent });
            option.textContent = model.id;
            return option;
        });
        const adapters = models.filter((model) => model.parent);
        const bases = options(models.filter((model) => !model.parent));
        if (models.length === 0) {
            this.#picker.replaceChildren(say(element("option", { value: "" }), { text: "noModel" }));
        } else if (adapters.length === 0) {
            this.#picker.replaceChildren(...bases);
        } else {
            this.#picker.replaceChildren(
                say(element("optgroup", {}, ...bases), { group: "models" }),
                say(element("optgroup", {}, ...options(adapters)), { group: "adapters" }));
        }
        this.#picker.disabled = models.length === 0;
        if (models.some((model) => model.id === this.#chosen)) this.#picker.value = this.#chosen;
        this.#noteChoice();
    }

    /** Remembers the choice for when the server comes back, and names it in the title. */
    #noteChoice() {
        if (this.model !== null) this.#chosen = this.model;
        document.title = this.model === null ? "vlmc" : `${this.model} – vlmc`;
    }
}
