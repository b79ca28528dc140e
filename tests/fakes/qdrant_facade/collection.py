"""Collections on disk: a shard of the engine, and what a server keeps beside it."""

import json
import pathlib
import shutil
import threading
import urllib.parse

import qdrant_edge as edge

import convert


class Collection:
    """Any number of threads."""

    def __init__(self, folder, shard, config):
        self.folder = folder
        self.shard = shard
        self.config = config  # size, distance, metadata, indexes, indexing_threshold, m
        self.lock = threading.RLock()

    def save(self):
        beside = self.folder / "config.new"
        beside.write_text(json.dumps(self.config))
        beside.replace(self.folder / "config.json")

    def filter(self, message):
        return convert.from_filter(message, self.shard)

    def update(self, operation):
        with self.lock:
            self.shard.update(operation)

    def merge_metadata(self, changes):
        """As the server does: member by member, None takes one away."""
        with self.lock:
            for name, value in changes.items():
                if value is None:
                    self.config["metadata"].pop(name, None)
                else:
                    self.config["metadata"][name] = value
            self.save()


class Collections:
    def __init__(self, storage):
        self.storage = pathlib.Path(storage)
        self.storage.mkdir(parents=True, exist_ok=True)
        self.lock = threading.Lock()
        self.by_name = {}
        for folder in self.storage.iterdir():
            if not (folder / "config.json").exists():
                shutil.rmtree(folder)  # died while it was made
                continue
            config = json.loads((folder / "config.json").read_text())
            shard = edge.EdgeShard.load(str(folder / "shard"))
            self.by_name[config["name"]] = Collection(folder, shard, config)

    def get(self, name):
        with self.lock:
            return self.by_name.get(name)

    def create(self, config):
        """False if there is one of that name."""
        with self.lock:
            if config["name"] in self.by_name:
                return False
            folder = self.storage / urllib.parse.quote(config["name"], safe="").replace(".", "%2E")
            folder.mkdir()
            distance = getattr(edge.Distance, config["distance"])
            vectors = edge.EdgeVectorParams(config["size"], distance)
            shard = edge.EdgeShard.create(str(folder / "shard"), edge.EdgeConfig(vectors))
            collection = Collection(folder, shard, config)
            collection.save()
            self.by_name[config["name"]] = collection
            return True

    def delete(self, name):
        with self.lock:
            collection = self.by_name.pop(name, None)
        if collection is None:
            return False
        # Not closed in order: that would write out first what is thrown away then.
        with collection.lock:
            shutil.rmtree(collection.folder)
        return True
