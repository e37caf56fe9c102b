// Where the next message is written: its text, its images by button, paste and drop, the buttons that send and stop.
// What is done with a message: chat.js. The images: image-tray.js.
import { part } from "./elements.js";
import { ImageTray } from "./image-tray.js";
import { filesIn } from "./images.js";

export class Composer {
    #prompt = part("prompt");
    #send = part("send");
    #stop = part("stop");
    #tray;
    #isReady = false;
    #isAnswering = false;
    #submitted;

    /** `submitted` is called when the user sends, `stopped` and `cancelled` when the user stops or leaves editing. */
    constructor({ limits, submitted, stopped, cancelled }) {
        this.#submitted = submitted;
        this.#tray = new ImageTray({ limits, changed: () => this.#update() });
        part("composer").addEventListener("submit", (event) => {
            event.preventDefault();
            this.#trySubmit();
        });
        this.#stop.addEventListener("click", () => stopped());
        part("cancel-edit").addEventListener("click", () => cancelled());
        this.#prompt.addEventListener("keydown", (event) => this.#keyPressed(event));
        this.#prompt.addEventListener("input", () => this.#update());
        this.#acceptFiles();
        this.#update();
    }

    /** The message as it is written: `{ text, images }`. */
    get message() { return { text: this.#prompt.value.trim(), images: this.#tray.images }; }

    set message({ text, images }) {
        this.#prompt.value = text;
        this.#tray.replace(images);
        this.#update();
    }

    get isEmpty() { return this.message.text === "" && this.message.images.length === 0; }

    /** Whether there is a model to ask. */
    set isReady(isReady) {
        this.#isReady = isReady;
        this.#update();
    }

    /** Whether an answer arrives, which can be stopped. The keyboard stays where it was. */
    set isAnswering(isAnswering) {
        const hadFocus = [this.#send, this.#stop].includes(document.activeElement);
        this.#isAnswering = isAnswering;
        this.#send.hidden = isAnswering;
        this.#stop.hidden = !isAnswering;
        this.#update();
        if (hadFocus) (isAnswering ? this.#stop : this.#prompt).focus();
    }

    /** Whether what is written takes the place of the last message. */
    set isEditing(isEditing) { part("editing").hidden = !isEditing; }

    focus() { this.#prompt.focus(); }

    get #canSubmit() { return this.#isReady && !this.#isAnswering && !this.isEmpty; }

    #trySubmit() {
        if (this.#canSubmit) this.#submitted();
    }

    /** Enter ends a syllable while an input method composes one, as for Korean; some browsers tell by code 229 only. */
    #keyPressed(event) {
        const isComposing = event.isComposing || event.keyCode === 229;
        if (event.key !== "Enter" || event.shiftKey || isComposing) return;
        event.preventDefault();
        this.#trySubmit();
    }

    #update() {
        this.#send.disabled = !this.#canSubmit;
        // As high as the text, within what the style allows.
        this.#prompt.style.height = "auto";
        this.#prompt.style.height = `${this.#prompt.scrollHeight}px`;
    }

    #acceptFiles() {
        const input = part("image-input"), drop = part("drop");
        part("add-images").addEventListener("click", () => input.click());
        input.addEventListener("change", () => {
            this.#tray.add([...input.files]);
            input.value = "";
            this.focus();
        });
        document.addEventListener("paste", (event) => {
            const files = filesIn(event.clipboardData);
            // Text processors and spreadsheets put a picture of the text beside it: the text is what is meant.
            if (files.length === 0 || event.clipboardData.getData("text/plain") !== "") return;
            event.preventDefault();
            this.#tray.add(files);
            this.focus();
        });
        const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
        document.addEventListener("dragover", (event) => {
            if (!hasFiles(event)) return;
            event.preventDefault();
            drop.hidden = false;
        });
        document.addEventListener("dragleave", (event) => {
            if (event.relatedTarget === null) drop.hidden = true;
        });
        document.addEventListener("drop", (event) => {
            drop.hidden = true;
            if (!hasFiles(event)) return;
            event.preventDefault();
            this.#tray.add(filesIn(event.dataTransfer));
            this.focus();
        });
    }
}
