#include "pipeline/render.h"

#include <algorithm>

#include "core/key.h"
#include "pipeline/chunk.h"

namespace drift {
namespace {

size_t CellOf(const Projection& projection, const std::string& column) {
  const auto find = [&](const std::vector<std::string>& names) {
    return static_cast<size_t>(std::find(names.begin(), names.end(), column) - names.begin());
  };
  const size_t key = find(projection.key_columns);
  if (key < projection.key_columns.size()) return key;
  return projection.key_columns.size() + find(projection.columns);
}

ContentHash HashContent(const RenderedRow& row) {
  std::string bytes;
  for (const RenderedChunk& chunk : row.chunks) {
    bytes.append(reinterpret_cast<const char*>(chunk.sha256.data()), chunk.sha256.size());
  }
  bytes += PayloadJson(row.payload);
  const Sha256Digest digest = Sha256(bytes);
  ContentHash hash;
  std::copy_n(digest.begin(), hash.size(), hash.begin());
  return hash;
}

}  // namespace

size_t RenderedRow::Bytes() const {
  size_t bytes = sizeof(RenderedRow) + key.capacity();
  for (const RenderedChunk& chunk : chunks) bytes += sizeof(chunk) + chunk.text.capacity();
  for (const auto& [name, value] : payload) {
    bytes += sizeof(Payload::value_type) + HeapBytes(value);
  }
  return bytes;
}

StatusOr<Projection> RowRenderer::MakeProjection(const PipelineSpec& spec) {
  ASSIGN_OR_RETURN(std::vector<std::string> columns, ReferencedColumns(spec));
  return Projection{spec.key, std::move(columns)};
}

StatusOr<RowRenderer> RowRenderer::Make(const PipelineSpec& spec, TokenCounter& counter,
                                        int64_t max_item_tokens) {
  ASSIGN_OR_RETURN(const Projection projection, MakeProjection(spec));
  RowRenderer out;
  out.key_columns_ = spec.key.size();
  if (spec.text.empty()) {
    out.text_ = TextTemplate::Join(spec.text_columns);
  } else {
    ASSIGN_OR_RETURN(out.text_, TextTemplate::Parse(spec.text));
  }
  for (const std::string& column : out.text_.columns()) {
    out.text_cells_.push_back(CellOf(projection, column));
  }
  for (const std::string& column : spec.where_not_null) {
    out.not_null_cells_.push_back(CellOf(projection, column));
  }
  for (const std::string& column : spec.payload) {
    out.payload_cells_.emplace_back(column, CellOf(projection, column));
  }
  out.chunking_ = spec.chunking;
  out.counter_ = &counter;
  out.max_item_tokens_ = counter.exact() ? max_item_tokens : 0;
  return out;
}

std::string RowRenderer::Key(std::span<const Value> key_cells, bool& null_key) const {
  null_key = std::any_of(key_cells.begin(), key_cells.end(), IsNull);
  return CanonicalKey(key_cells);
}

bool RowRenderer::Included(const Row& cells) const {
  return std::none_of(not_null_cells_.begin(), not_null_cells_.end(),
                      [&](size_t cell) { return IsNull(cells[cell]); });
}

RenderedRow RowRenderer::Render(const SourceRow& row) const {
  RenderedRow out;
  out.version = row.version;
  out.key = Key(row, out.null_key);
  if (out.null_key) {
    out.dead.emplace("NULL_KEY", "a key column is NULL, so the row has no identity");
  }
  if (Included(row.cells)) {
    std::vector<const Value*> cells;
    for (const size_t cell : text_cells_) cells.push_back(&row.cells[cell]);
    for (std::string& text : ChunkText(text_.Render(cells), chunking_, *counter_)) {
      const Sha256Digest digest = Sha256(text);
      out.chunks.push_back({std::move(text), digest});
    }
  }
  for (const auto& [name, cell] : payload_cells_) out.payload.emplace_back(name, row.cells[cell]);
  out.content = HashContent(out);
  for (const RenderedChunk& chunk : out.chunks) {
    if (max_item_tokens_ == 0 || out.dead) break;
    // No tokenizer makes more tokens than bytes, so most texts need no counting.
    if (static_cast<int64_t>(chunk.text.size()) <= max_item_tokens_) continue;
    const int64_t tokens = counter_->Count(chunk.text);
    if (tokens <= max_item_tokens_) continue;
    out.dead.emplace("TEXT_TOO_LONG",
                     fmt::format("the text has {} tokens, the model takes {}; set chunking", tokens,
                                 max_item_tokens_));
  }
  return out;
}

}  // namespace drift
