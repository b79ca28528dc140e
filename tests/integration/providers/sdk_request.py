"""One embedding request as a provider's own SDK sends it: sdk_request.py TYPE BASE_URL TEXTS DIMENSIONS
TEXTS is a file with a JSON list. DIMENSIONS 0: not asked for. What is said is what Drift says as well: texts are
not to be cut, and the vectors come in base64 where the interface knows that."""

import json
import sys

KEY = "sk-test"


def openai(url, texts, dimensions):
    import openai as sdk
    client = sdk.OpenAI(api_key=KEY, base_url=url, max_retries=0)
    client.embeddings.create(model="text-embedding-3-small", input=texts, **dimensions("dimensions"))


def azure(url, texts, dimensions):
    import openai as sdk
    client = sdk.AzureOpenAI(api_key=KEY, azure_endpoint=url, api_version="2024-10-21", max_retries=0)
    client.embeddings.create(model="text-embedding-3-large", input=texts, **dimensions("dimensions"))


def voyage(url, texts, dimensions):
    import voyageai as sdk
    client = sdk.Client(api_key=KEY, base_url=url, max_retries=0)
    client.embed(texts, model="voyage-4", input_type="document", truncation=False,
                 **dimensions("output_dimension"))


def gemini(url, texts, dimensions):
    from google import genai as sdk
    from google.genai import types
    client = sdk.Client(api_key=KEY, http_options={"base_url": url.removesuffix("/v1beta"),
                                                   "api_version": "v1beta"})
    contents = [types.Content(parts=[types.Part(text=text)]) for text in texts]
    client.models.embed_content(model="gemini-embedding-001", contents=contents, config={
        "task_type": "RETRIEVAL_DOCUMENT", **dimensions("output_dimensionality")})


def cohere(url, texts, dimensions):
    import cohere as sdk
    sdk.ClientV2(api_key=KEY, base_url=url).embed(
        model="embed-v4.0", texts=texts, input_type="search_document", embedding_types=["base64"],
        truncate="NONE", **dimensions("output_dimension"))


def ollama(url, texts, dimensions):
    import ollama as sdk
    sdk.Client(host=url).embed("bge-m3", texts, truncate=False, **dimensions("dimensions"))


def tei(url, texts, dimensions):
    import huggingface_hub as sdk
    sdk.InferenceClient(model=url).feature_extraction(texts, truncate=False, normalize=True)


def main():
    kind, url, file, count = sys.argv[1:]
    with open(file, encoding="utf-8") as texts:
        globals()[kind](url, json.load(texts),
                        lambda name: {name: int(count)} if int(count) else {})


if __name__ == "__main__":
    main()
