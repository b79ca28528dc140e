// What a user declares: the pipeline and what belongs to it, as read from YAML, the API or flags.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"

namespace drift {

struct ChunkingSpec {
  enum class Type : uint8_t { kNone, kSentence, kTokens };
  Type type = Type::kNone;
  int32_t size = 0;     // tokens per chunk, at most
  int32_t overlap = 0;  // tokens repeated from the chunk before
  bool operator==(const ChunkingSpec&) const = default;
};

struct PipelineLimits {
  int64_t max_in_flight_bytes = 64 << 20;  // read, embedded or being written, not yet committed
  int32_t batch_size = 128;                // texts per provider request, at most
  int64_t max_dead_letters = 1000;         // open ones; more pause the pipeline. 0: no limit
  bool operator==(const PipelineLimits&) const = default;
};

struct PipelineSpec {
  std::string name;

  std::string source_type = "delta";
  std::string table;                           // normalised: absolute path or URL with scheme
  std::map<std::string, std::string> storage;  // region, endpoint, ...; secrets as references

  std::vector<std::string> key;
  std::string text;  // template over columns; exactly one of text and text_columns is set
  std::vector<std::string> text_columns;
  std::vector<std::string> where_not_null;
  std::vector<std::string> payload;
  bool store_text = false;
  ChunkingSpec chunking;

  std::string model;       // provider/name
  int32_t dimensions = 0;  // 0: the model's own
  bool shadow = false;     // --shadow-mode: `model` is shadow/<dims> of the model asked for

  std::string sink;  // URI; secrets as references, never values
  bool dedup = true;
  std::optional<int64_t> since_version;
  std::optional<int32_t> every_secs;
  PipelineLimits limits;

  bool operator==(const PipelineSpec&) const = default;
};

// Hash over all that decides what is embedded and what lies beside it: key, text, where, chunking,
// payload, store_text. A change of it raises the revision. Not in it: name, table, model, sink
// (identity), limits and schedule (how, not what).
std::string ContentConfigHash(const PipelineSpec& spec);

// What differs between two specs, in words: "text template, chunking". Empty: nothing of the above.
std::string DescribeDifference(const PipelineSpec& before, const PipelineSpec& after);

// The stable name of a pipeline given by flags: the table's base name, '-', 8 hex digits over
// table, model and sink.
std::string DerivedPipelineName(const PipelineSpec& spec);

// All columns the pipeline reads besides its key, each once, in order of first use.
// kInvalidArgument: the template is broken; names the place.
StatusOr<std::vector<std::string>> ReferencedColumns(const PipelineSpec& spec);

}  // namespace drift
