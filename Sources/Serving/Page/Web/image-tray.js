// The images chosen for the next message: thumbnails that can be enlarged and removed. Reading them: images.js.
import { element, icon, part } from "./elements.js";
import { readImage, sizeText } from "./images.js";
import { say } from "./language.js";

export class ImageTray {
    images = [];
    #node = part("tray");
    #problem = part("image-problem");
    #limits;
    #changed;
    #reading = Promise.resolve();

    /** `limits` answers what the server says it takes; `changed` is called when the images have changed. */
    constructor({ limits, changed }) {
        this.#limits = limits;
        this.#changed = changed;
    }

    /** Adds files, in their order; those that cannot be sent are named. Answers when all are read. */
    add(files) {
        this.#reading = this.#reading.then(() => this.#read(files));
        return this.#reading;
    }

    /** Puts these images in place of all. */
    replace(images) {
        this.images = images;
        this.#show();
        this.clearProblem();
    }

    /** Says what is wrong with what was chosen. */
    fail(errors) {
        const lines = errors.map((error) => say(element("span"), { text: error.key }, error.values));
        this.#problem.replaceChildren(...lines);
        this.#problem.hidden = errors.length === 0;
    }

    clearProblem() { this.fail([]); }

    async #read(files) {
        const errors = [];
        for (const file of files) {
            const limit = this.#limits().images ?? Infinity;
            if (this.images.length >= limit) {
                errors.push({ key: "tooManyImages", values: { limit } });
                break;
            }
            try {
                this.images = [...this.images, await readImage(file, this.#limits())];
            } catch (error) {
                errors.push(error);
            }
        }
        this.fail(errors);
        this.#show();
    }

    #show() {
        this.#node.replaceChildren(...this.images.map((image) => {
            const remove = element("button", { type: "button", class: "remove", onclick: () => this.#remove(image) },
                icon("close"));
            return element("li", {}, thumbnail(image), say(remove, { label: "removeImage" }, { name: image.name }));
        }));
        this.#node.hidden = this.images.length === 0;
        this.#changed();
    }

    #remove(image) {
        const index = this.images.indexOf(image);
        this.replace(this.images.filter((other) => other !== image));
        const next = this.#node.querySelectorAll(".remove")[Math.min(index, this.images.length - 1)];
        (next ?? part("prompt")).focus();
    }
}

/** A small picture with its name and size, which opens the image when it is pressed. */
export function thumbnail(image) {
    const picture = element("img", { src: image.preview, alt: "", draggable: "false" });
    const size = sizeText(image.size);
    const button = element("button", { type: "button", class: "thumbnail", onclick: () => enlarge(image) }, picture,
        element("span", { class: "image-name" }, image.name),
        say(element("span", { class: "image-size" }), { text: size.key }, size.values));
    return say(button, { label: "openImage" }, { name: image.name });
}

function enlarge(image) {
    const picture = part("viewer-image");
    picture.src = image.preview;
    picture.alt = image.name;
    picture.classList.remove("actual");
    part("viewer").showModal();
}

/** Makes the dialog with the enlarged image close by its button and beside the image, and grow by a click. */
export function prepareViewer() {
    const viewer = part("viewer");
    part("viewer-close").addEventListener("click", () => viewer.close());
    part("viewer-image").addEventListener("click", (event) => event.target.classList.toggle("actual"));
    viewer.addEventListener("click", (event) => {
        if (event.target.id !== "viewer-image") viewer.close();
    });
}
