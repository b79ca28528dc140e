// From a row of the table to what it contributes to the index.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "core/embedder.h"
#include "core/ledger_types.h"
#include "core/source.h"
#include "core/spec.h"
#include "core/text_template.h"

namespace drift {

struct RenderedChunk {
  std::string text;
  Sha256Digest sha256{};
};

struct RenderedRow {
  std::string key;        // canonical; has a null in it when `null_key`
  bool null_key = false;  // a key column is NULL: the row has no identity
  int64_t version = 0;
  std::vector<RenderedChunk> chunks;  // empty: no text, or `where` leaves the row out
  Payload payload;
  ContentHash content{};  // over chunks and payload
  // Set when the row can never be embedded: reason word and message.
  std::optional<std::pair<std::string, std::string>> dead;

  size_t Bytes() const;
};

// Constant after construction: safe for concurrent use as far as `counter` is.
class RowRenderer {
 public:
  // The projection to ask the source for. kInvalidArgument: the template is broken.
  static StatusOr<Projection> MakeProjection(const PipelineSpec& spec);

  // `max_item_tokens`: a longer text is dead (0: no limit); enforced only where `counter` is exact,
  // elsewhere the provider decides. `counter` must outlive the renderer.
  static StatusOr<RowRenderer> Make(const PipelineSpec& spec, TokenCounter& counter,
                                    int64_t max_item_tokens);

  RenderedRow Render(const SourceRow& row) const;

  // The canonical key of the key columns' cells; `null_key` says whether one of them is NULL.
  std::string Key(std::span<const Value> key_cells, bool& null_key) const;
  std::string Key(const SourceRow& row, bool& null_key) const {
    return Key(std::span(row.cells).first(key_columns_), null_key);
  }

 private:
  RowRenderer() = default;
  bool Included(const Row& cells) const;

  size_t key_columns_ = 0;
  TextTemplate text_ = TextTemplate::Join({});
  std::vector<size_t> text_cells_;  // index into a row's cells, by template column
  std::vector<size_t> not_null_cells_;
  std::vector<std::pair<std::string, size_t>> payload_cells_;
  ChunkingSpec chunking_;
  TokenCounter* counter_ = nullptr;
  int64_t max_item_tokens_ = 0;
};

}  // namespace drift
