"""Files that are removed while the server runs: what is loaded stays, and answers are as before."""
import json
import shutil
import subprocess

from fault_setting import NotChecked
from valid_requests import chat_about, data_uri, picture

QUESTION = "Tell me about the sea."


def removed_checkpoint_and_cache(setting):
    with setting.folder() as folder:
        checkpoint, cache = folder / "checkpoint", folder / "cache"
        shutil.copytree(setting.checkpoint, checkpoint)
        about = chat_about(data_uri(picture()))["messages"]
        with setting.server(checkpoint=checkpoint, cache=cache) as server:
            expected = [server.chat(QUESTION), server.chat("", messages=about)]
            shutil.rmtree(checkpoint)
            shutil.rmtree(cache)
            # Other prompts, too: what is computed anew needs the weights, the picture's the encoder's.
            fresh = server.chat(QUESTION + " Now.")
            found = [server.chat(QUESTION, cache_salt="other"), server.chat("", messages=about, cache_salt="other")]
            assert found == expected and fresh, (found, expected)
            assert server.ask("GET", "/v1/models")[0] == 200 and server.ask("POST", "/tokenize", {"prompt": "a"})[0] == 200
            assert server.end() == 0
        # Without them there is no next start, and it is said why.
        server = setting.server(checkpoint=checkpoint, cache=cache, until=None)
        try:
            assert server.process.wait(60) == 1 and not server.wait_for("ready")
            told = [entry["error"] for entry in server.log if entry.get("level") == "critical"]
            assert len(told) == 1 and str(checkpoint) in told[0], server.last_words()
        finally:
            server.kill()
        return told[0]


def removed_adapter(setting):
    """An adapter that is served goes on when its files go, like the model itself."""
    told = subprocess.run([setting.build / "serve", "--help"], capture_output=True, text=True, check=True).stdout
    fixtures = sorted((setting.root / "Tests/Fixtures/adapters").glob("qwen25vl-*"))
    fixtures = [folder for folder in fixtures if (folder / "adapter_config.json").exists()]
    if "--lora-modules" not in told:
        raise NotChecked("this server knows no adapters")
    assert fixtures, "there is no adapter for the tiny model"
    with setting.folder() as folder:
        adapter = folder / "adapter"
        shutil.copytree(fixtures[0], adapter)
        with setting.server("--lora-modules", f"tuned={adapter}") as server:
            plain, expected = server.chat(QUESTION), server.chat(QUESTION, model="tuned")
            assert plain != expected, "the adapter changes nothing"
            listed = [model["id"] for model in json.loads(server.ask("GET", "/v1/models")[1])["data"]]
            assert "tuned" in listed, listed
            shutil.rmtree(adapter)
            assert server.chat(QUESTION, model="tuned", cache_salt="other") == expected
            assert server.chat(QUESTION, cache_salt="other") == plain
            assert server.chat("Rain?", model="tuned")
            assert server.end() == 0


CHECKS = [removed_checkpoint_and_cache, removed_adapter]
