#include "pipeline/plan.h"

#include <algorithm>

#include "core/key.h"

namespace drift {
namespace {

class Planner {
 public:
  explicit Planner(const PlanInput& input) : in_(input) {}

  BatchPlan Run() {
    out_.rows.resize(in_.rows.size());
    for (uint32_t i = 0; i < in_.rows.size(); ++i) PlanRow(i);
    return std::move(out_);
  }

 private:
  void PlanRow(uint32_t i) {
    const RenderedRow& row = in_.rows[i];
    RowPlan& plan = out_.rows[i];
    const auto state = in_.states.find(row.key);
    const RowState* before = state == in_.states.end() ? nullptr : &state->second;
    const auto staged = in_.staged.find(row.key);
    const bool is_staged = staged != in_.staged.end();
    if (before != nullptr) plan.old_chunks = static_cast<int32_t>(before->chunks.size());
    if (is_staged) plan.old_chunks = std::max(plan.old_chunks, staged->second.chunks);

    if (before != nullptr && !is_staged && !in_.force && !row.null_key &&
        before->guard.revision == in_.revision && before->content == row.content) {
      plan.action = RowPlan::Action::kSkip;
    } else if (row.dead) {
      plan.action = RowPlan::Action::kDead;
    } else if (row.chunks.empty()) {
      plan.action = RowPlan::Action::kClear;
    } else {
      plan.action = RowPlan::Action::kWrite;
      for (uint32_t chunk = 0; chunk < row.chunks.size(); ++chunk) {
        PlanText(i, chunk, before, is_staged ? plan.old_chunks : 0);
      }
    }
  }

  // `unsure_chunks`: points of the row from chunk 0 whose text nobody knows.
  void PlanText(uint32_t row, uint32_t chunk, const RowState* before, int32_t unsure_chunks) {
    const RenderedRow& rendered = in_.rows[row];
    const Sha256Digest& sha256 = rendered.chunks[chunk].sha256;
    TextPlan* text = nullptr;
    if (in_.dedup) {
      const auto [known, is_new] = by_sha256_.emplace(sha256, out_.texts.size());
      if (is_new) out_.texts.emplace_back();
      text = &out_.texts[known->second];
    } else {
      text = &out_.texts.emplace_back();
    }
    text->uses.push_back({row, chunk});
    if (const auto at = static_cast<int32_t>(chunk); at < unsure_chunks) {
      AddCandidate(*text, rendered.key, at);
    }
    if (before == nullptr) return;
    for (size_t old = 0; old < before->chunks.size(); ++old) {
      if (before->chunks[old].text_sha256 == sha256) {
        AddCandidate(*text, rendered.key, static_cast<int32_t>(old));
      }
    }
  }

  void AddCandidate(TextPlan& text, const std::string& key, int32_t chunk) {
    const Uuid id = PointId(in_.pipeline, key, chunk);
    auto& ids = text.own_candidates;
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
  }

  const PlanInput& in_;
  BatchPlan out_;
  std::unordered_map<Sha256Digest, size_t, DigestHash> by_sha256_;
};

}  // namespace

BatchPlan PlanBatch(const PlanInput& input) {
  return Planner(input).Run();
}

}  // namespace drift
