#include "pipeline/effects.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "base/utf8.h"
#include "core/key.h"

namespace drift {
namespace {

int32_t CodePoints(std::string_view text) {
  return static_cast<int32_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<uint8_t>(c) & 0xC0) != 0x80; }));
}

class Builder {
 public:
  explicit Builder(const EffectsInput& input) : in_(input) {
    out_.points.source = in_.spec.name;
    out_.commit.target_id = in_.target.id;
    out_.commit.run_id = in_.run_id;
    out_.commit.now = in_.now;
    IndexTexts();
  }

  Effects Build() {
    for (size_t i = 0; i < in_.rows.size(); ++i) AddRow(i);
    for (size_t i = 0; i < in_.texts.size(); ++i) {
      const TextResult& text = in_.texts[i];
      if (!text.status.ok()) continue;
      const auto uses = static_cast<int64_t>(in_.plan.texts[i].uses.size());
      out_.counters.texts_embedded += text.embedded ? 1 : 0;
      out_.counters.texts_reused += text.embedded ? uses - 1 : uses;
    }
    return std::move(out_);
  }

 private:
  void IndexTexts() {
    text_of_.resize(in_.rows.size());
    for (size_t i = 0; i < in_.rows.size(); ++i) text_of_[i].resize(in_.rows[i].chunks.size());
    for (size_t t = 0; t < in_.plan.texts.size(); ++t) {
      for (const TextPlan::Use& use : in_.plan.texts[t].uses) text_of_[use.row][use.chunk] = t;
    }
  }

  Guard GuardOf(const RenderedRow& row) const { return {in_.target.revision, row.version}; }

  void AddRow(size_t i) {
    const RenderedRow& row = in_.rows[i];
    const RowPlan& plan = in_.plan.rows[i];
    ++out_.counters.rows_read;
    switch (plan.action) {
      case RowPlan::Action::kSkip:
        ++out_.counters.rows_unchanged;
        return;
      case RowPlan::Action::kDead:
        return AddDead(i, row.dead->first, row.dead->second, 0);
      case RowPlan::Action::kClear:
        AddState(i, {});
        Remove(row.key, 0, plan.old_chunks, GuardOf(row));
        // For the index it is gone; one that neither had nor has text changes nothing.
        if (plan.old_chunks > 0)
          ++out_.counters.rows_deleted;
        else
          ++out_.counters.rows_unchanged;
        return;
      case RowPlan::Action::kWrite:
        return AddWrite(i);
    }
  }

  void AddWrite(size_t i) {
    const RenderedRow& row = in_.rows[i];
    const RowPlan& plan = in_.plan.rows[i];
    for (size_t chunk = 0; chunk < row.chunks.size(); ++chunk) {
      const Status& status = in_.texts[text_of_[i][chunk]].status;
      if (status.ok()) continue;
      return AddDead(i, "REJECTED_BY_PROVIDER", std::string(Message(status)),
                     static_cast<int32_t>(chunk));
    }
    std::vector<ChunkState> chunks;
    for (size_t chunk = 0; chunk < row.chunks.size(); ++chunk) {
      chunks.push_back(AddPoint(i, static_cast<uint32_t>(chunk)));
    }
    const auto count = static_cast<int32_t>(chunks.size());
    out_.staged.push_back({row.key, std::max(count, plan.old_chunks), GuardOf(row)});
    AddState(i, std::move(chunks));
    Remove(row.key, count, plan.old_chunks, GuardOf(row));
    // A row that had no points is new to the index.
    ++(plan.old_chunks > 0 ? out_.counters.rows_updated : out_.counters.rows_inserted);
  }

  ChunkState AddPoint(size_t i, uint32_t chunk) {
    const RenderedRow& row = in_.rows[i];
    const RenderedChunk& rendered = row.chunks[chunk];
    const size_t t = text_of_[i][chunk];
    const TextResult& text = in_.texts[t];
    const TextPlan::Use& first = in_.plan.texts[t].uses.front();
    Point& point = out_.points.points.emplace_back();
    point.id = PointId(in_.spec.name, row.key, static_cast<int32_t>(chunk));
    point.vector = text.vector;
    point.key = row.key;
    point.chunk = static_cast<int32_t>(chunk);
    point.guard = GuardOf(row);
    point.run_id = in_.run_id;
    point.model = in_.target.key.model;
    point.text_sha256 = rendered.sha256;
    point.embedded_at = text.embedded_at;
    point.payload = row.payload;
    if (in_.spec.store_text) point.text = rendered.text;

    ChunkState state;
    state.text_sha256 = rendered.sha256;
    state.chars = CodePoints(rendered.text);
    if (text.embedded && first.row == i && first.chunk == chunk) {
      state.tokens = text.tokens;
      state.tokens_estimated = text.tokens_estimated;
      state.cost = text.cost;
    }
    return state;
  }

  void AddState(size_t i, std::vector<ChunkState> chunks) {
    const RenderedRow& row = in_.rows[i];
    const auto before = in_.before.find(row.key);
    if (before != in_.before.end() && before->second.dead) {
      out_.commit.closed_letters.push_back(row.key);
    }
    out_.commit.upserts.push_back({row.key, row.content, GuardOf(row), false, std::move(chunks)});
  }

  void AddDead(size_t i, std::string reason, std::string message, int32_t chunk) {
    const RenderedRow& row = in_.rows[i];
    DeadLetter& letter = out_.commit.dead_letters.emplace_back();
    letter.pipeline = in_.spec.name;
    letter.key = row.key;
    letter.chunk = chunk;
    letter.reason = std::move(reason);
    letter.message = std::move(message);
    if (static_cast<size_t>(chunk) < row.chunks.size()) {
      letter.text_sha256 = row.chunks[static_cast<size_t>(chunk)].sha256;
    }
    letter.version = row.version;
    letter.first_at = in_.now;
    letter.last_at = in_.now;
    ++out_.counters.dead_letters;
    if (row.null_key) {
      // No identity, so the content tells such rows apart.
      std::copy(row.content.begin(), row.content.end(), letter.text_sha256.begin());
      return;
    }
    out_.commit.upserts.push_back({row.key, row.content, GuardOf(row), true, {}});
    Remove(row.key, 0, in_.plan.rows[i].old_chunks, GuardOf(row));
  }

  void Remove(const std::string& key, int32_t from, int32_t to, const Guard& guard) {
    if (from >= to) return;
    if (out_.staged.empty() || out_.staged.back().key != key)
      out_.staged.push_back({key, to, guard});
    for (int32_t chunk = from; chunk < to; ++chunk) {
      out_.deletions.push_back({PointId(in_.spec.name, key, chunk), guard});
    }
  }

  const EffectsInput& in_;
  Effects out_;
  std::vector<std::vector<size_t>> text_of_;  // index into plan.texts, by row and chunk
};

}  // namespace

Effects MakeEffects(const EffectsInput& input) {
  return Builder(input).Build();
}

void RejectPoints(const std::vector<ItemError>& refused, const Target& target, WallTime now,
                  Effects& effects) {
  std::unordered_map<std::string, const ItemError*> dead;
  for (const ItemError& item : refused) {
    dead.emplace(effects.points.points[item.index].key, &item);
  }
  if (dead.empty()) return;
  for (RowState& row : effects.commit.upserts) {
    const auto item = dead.find(row.key);
    if (item == dead.end()) continue;
    const Point& point = effects.points.points[item->second->index];
    DeadLetter& letter = effects.commit.dead_letters.emplace_back();
    letter.pipeline = target.key.pipeline;
    letter.key = row.key;
    letter.chunk = point.chunk;
    letter.reason = "REJECTED_BY_SINK";
    letter.message = std::string(Message(item->second->why));
    letter.text_sha256 = point.text_sha256;
    letter.version = row.guard.version;
    letter.first_at = now;
    letter.last_at = now;
    ++effects.counters.dead_letters;
    row.dead = true;
    row.chunks.clear();
  }
  for (const Point& point : effects.points.points) {
    if (dead.contains(point.key)) effects.deletions.push_back({point.id, point.guard});
  }
}

Effects MakeDeletion(const PipelineSpec& spec, const Target& target, std::string run_id,
                     WallTime now, const std::vector<RowHead>& rows) {
  Effects out;
  out.points.source = spec.name;
  out.commit.target_id = target.id;
  out.commit.run_id = std::move(run_id);
  out.commit.now = now;
  for (const RowHead& row : rows) {
    out.staged.push_back({row.key, row.chunks, row.guard});
    for (int32_t chunk = 0; chunk < row.chunks; ++chunk) {
      out.deletions.push_back({PointId(spec.name, row.key, chunk), row.guard});
    }
    out.commit.deletions.push_back({row.key, row.guard, row.chunks});
    ++out.counters.rows_deleted;
  }
  return out;
}

}  // namespace drift
