// The conversation, in memory only, and what of it a request carries. No element of the page and no network.
// Answers: answer.js. Images: images.js.

/**
 * Messages in turn: of the user `{ text, images }`, and answers of the model (`Answer`). The last one is an answer, but
 * for the moment before one is begun.
 */
export class Conversation {
    turns = [];

    get isEmpty() { return this.turns.length === 0; }

    /** A message of the user. */
    ask(text, images) {
        this.turns.push({ text, images, answer: null });
    }

    /** Gives the last message an answer, in place of any that it has. */
    set answer(answer) { this.turns.at(-1).answer = answer; }

    get last() { return this.turns.at(-1) ?? null; }

    /** Takes the last message and its answer out, to ask another way. */
    withdraw() { return this.turns.pop(); }

    /** Forgets everything, also the images behind the addresses that show them. */
    clear() {
        for (const { images } of this.turns) images.forEach((image) => URL.revokeObjectURL(image.preview));
        this.turns = [];
    }

    /** The messages as a request has them, up to the question that is to be answered. */
    messages(systemPrompt) {
        const system = systemPrompt === "" ? [] : [{ role: "system", content: systemPrompt }];
        return system.concat(this.turns.flatMap(({ text, images, answer }, index) => {
            const isLast = index === this.turns.length - 1;
            const answered = isLast ? null : answer?.message;
            return [{ role: "user", content: userContent(text, images) }, ...(answered ? [answered] : [])];
        }));
    }

    /** The JSON text of a request. `fields` are the settings that are set. */
    request(model, { systemPrompt, fields }) {
        return JSON.stringify({
            model,
            messages: this.messages(systemPrompt),
            stream: true,
            stream_options: { include_usage: true },
            ...fields,
        });
    }

    /** Everything as JSON, to be kept by the user. */
    document({ systemPrompt, fields }) {
        return JSON.stringify({
            settings: { ...(systemPrompt === "" ? {} : { system_prompt: systemPrompt }), ...fields },
            turns: this.turns.map(({ text, images, answer }) => ({
                user: { role: "user", content: userContent(text, images) },
                images: images.map(({ name, type, size }) => ({ name, type, bytes: size })),
                assistant: answer && {
                    role: "assistant",
                    model: answer.model,
                    content: answer.text,
                    ...(answer.reasoning === "" ? {} : { reasoning_content: answer.reasoning }),
                    ...(answer.toolCalls.length === 0 ? {} : { tool_calls: answer.toolCalls }),
                    state: answer.state,
                    finish_reason: answer.finishReason,
                    usage: answer.usage,
                },
            })),
        }, null, 2);
    }
}

/** Text alone is sent as text; with images as a list, images first, as models are trained to see them. */
function userContent(text, images) {
    if (images.length === 0) return text;
    const parts = images.map(({ address }) => ({ type: "image_url", image_url: { url: address } }));
    return text === "" ? parts : [...parts, { type: "text", text }];
}
