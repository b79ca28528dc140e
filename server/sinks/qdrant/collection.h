// The collection itself: created, described, stamped, indexed, dropped.
#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "core/sink.h"
#include "qdrant_collections.pb.h"
#include "sinks/qdrant/client.h"

namespace drift::qdrant {

// The stamp lies in the collection's metadata, one member for the collection and one for each
// source, because the server merges metadata member by member: pipelines that share a collection
// change their own entries at the same time without losing another's.
//   {"drift": {"model": ..., "fingerprint": ..., "dimensions": N, "metric": "cosine"},
//    "drift.source.docs": {"ledger": ..., "revision": N, "version": N}}
// While a bulk load keeps the vector index off, "drift.indexing_threshold" holds what it was
// before.
//
// Safe for concurrent use.
class Collection {
 public:
  explicit Collection(Client& client) : client_(client) {}

  StatusOr<CollectionInfo> Describe(std::stop_token stop);

  // See Sink::Prepare.
  StatusOr<bool> Prepare(const CollectionSpec& spec, std::stop_token stop);

  // Lets the server build its vector index, in its own time: searches are exact until then.
  Status BuildIndex(std::stop_token stop);

  // Takes the source out of the stamp.
  Status Forget(const std::string& source, std::stop_token stop);
  // The whole collection, with all that is in it.
  Status Delete(std::stop_token stop);

 private:
  // kNotFound: there is none.
  StatusOr<pb::CollectionInfo> Get(std::stop_token stop);
  Status Create(const CollectionSpec& spec, std::stop_token stop);
  Status Update(const pb::UpdateCollection& request, std::stop_token stop);
  Status Enter(const CollectionSpec& spec, const pb::CollectionInfo& found, std::stop_token stop);
  Status EnsurePayloadIndexes(const pb::CollectionInfo& found, std::stop_token stop);
  std::string Name() const;

  Client& client_;
};

}  // namespace drift::qdrant
