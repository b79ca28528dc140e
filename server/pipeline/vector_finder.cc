#include "pipeline/vector_finder.h"

#include <algorithm>
#include <unordered_set>

#include "base/log.h"
#include "core/key.h"

namespace drift {
namespace {

constexpr size_t kReadPage = 256;  // points with vectors per call: a few megabytes

}  // namespace

const Sha256Digest& VectorFinder::HashOf(const std::vector<RenderedRow>& rows,
                                         const TextPlan& text) const {
  const TextPlan::Use& use = text.uses.front();
  return rows[use.row].chunks[use.chunk].sha256;
}

StatusOr<std::vector<TextMatch>> VectorFinder::MatchesOf(const std::vector<RenderedRow>& rows,
                                                         const BatchPlan& plan,
                                                         const std::vector<bool>& have) {
  std::vector<Sha256Digest> wanted;
  for (size_t i = 0; i < plan.texts.size(); ++i) {
    if (!have[i]) wanted.push_back(HashOf(rows, plan.texts[i]));
  }
  if (wanted.empty()) return std::vector<TextMatch>();
  return ledger_.FindTexts(target_.key.fingerprint, target_.key.dimensions, wanted, target_.id);
}

Sink* VectorFinder::SinkOf(int64_t target_id) {
  if (target_id == target_.id) return &sink_;
  const auto known = foreign_.find(target_id);
  if (known != foreign_.end()) return known->second.get();
  std::shared_ptr<Sink>& sink = foreign_[target_id];
  const auto target = ledger_.GetTarget(target_id);
  if (!target.ok()) return nullptr;
  auto opened = connectors_.OpenSink(target->key.sink);
  if (opened.ok()) sink = std::move(*opened);
  return sink.get();
}

bool VectorFinder::IsOfModel(const Point& point) const {
  return point.model == target_.key.model &&
         point.vector.size() == static_cast<size_t>(target_.key.dimensions);
}

Status VectorFinder::ReadFrom(Sink& sink, const std::vector<Candidate>& candidates,
                              const std::vector<RenderedRow>& rows, const BatchPlan& plan,
                              Found& found, std::stop_token stop) {
  for (size_t begin = 0; begin < candidates.size(); begin += kReadPage) {
    const size_t end = std::min(candidates.size(), begin + kReadPage);
    std::vector<Uuid> ids;
    std::unordered_map<Uuid, std::vector<size_t>, UuidHash> texts_of;
    for (size_t i = begin; i < end; ++i) {
      std::vector<size_t>& texts = texts_of[candidates[i].id];
      if (texts.empty()) ids.push_back(candidates[i].id);
      texts.push_back(candidates[i].text);
    }
    ASSIGN_OR_RETURN(const std::vector<Point> points, sink.Read(ids, true, stop));
    for (const Point& point : points) {
      if (!IsOfModel(point)) continue;
      for (const size_t text : texts_of[point.id]) {
        if (!found[text] && point.text_sha256 == HashOf(rows, plan.texts[text])) {
          found[text] = FoundVector{point.vector, point.embedded_at};
        }
      }
    }
  }
  return OkStatus();
}

Status VectorFinder::RememberPoints(const std::vector<Uuid>& ids, std::stop_token stop) {
  for (size_t begin = 0; begin < ids.size(); begin += kReadPage) {
    const std::span page = std::span(ids).subspan(begin, std::min(kReadPage, ids.size() - begin));
    ASSIGN_OR_RETURN(const std::vector<Point> points, sink_.Read(page, true, stop));
    for (const Point& point : points) {
      if (IsOfModel(point)) remembered_.Add(point.text_sha256, point.vector, point.embedded_at);
    }
  }
  return OkStatus();
}

Status VectorFinder::KeepDisplaced(const std::vector<RenderedRow>& rows, const BatchPlan& plan,
                                   const RowStates& before, std::stop_token stop) {
  std::vector<Uuid> displaced;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (plan.rows[i].action == RowPlan::Action::kSkip) continue;
    const auto state = before.find(rows[i].key);
    if (state == before.end()) continue;
    const std::vector<ChunkState>& old = state->second.chunks;
    for (size_t chunk = 0; chunk < old.size(); ++chunk) {
      const bool stays = std::ranges::any_of(rows[i].chunks, [&](const RenderedChunk& now) {
        return now.sha256 == old[chunk].text_sha256;
      });
      if (stays) continue;
      displaced.push_back(PointId(target_.key.pipeline, rows[i].key, static_cast<int32_t>(chunk)));
    }
  }
  return RememberPoints(displaced, stop);
}

Status VectorFinder::KeepStaged(const StagedKeys& staged, std::stop_token stop) {
  std::vector<Uuid> ids;
  for (const auto& [key, state] : staged) {
    for (int32_t chunk = 0; chunk < state.chunks; ++chunk) {
      ids.push_back(PointId(target_.key.pipeline, key, chunk));
    }
  }
  return RememberPoints(ids, stop);
}

void VectorFinder::Remember(const std::vector<RenderedRow>& rows, const BatchPlan& plan,
                            const Found& found) {
  for (size_t i = 0; i < found.size(); ++i) {
    if (!found[i]) continue;
    remembered_.Add(HashOf(rows, plan.texts[i]), found[i]->vector, found[i]->embedded_at);
  }
}

void VectorFinder::Recall(const std::vector<RenderedRow>& rows, const BatchPlan& plan,
                          Found& found) {
  for (size_t i = 0; i < found.size(); ++i) {
    if (found[i]) continue;
    if (auto known = remembered_.Find(HashOf(rows, plan.texts[i]))) {
      found[i] = FoundVector{std::move(known->vector), known->embedded_at};
    }
  }
}

StatusOr<std::vector<std::optional<FoundVector>>> VectorFinder::Find(
    const std::vector<RenderedRow>& rows, const BatchPlan& plan, bool anywhere,
    std::stop_token stop) {
  Found found(plan.texts.size());
  std::vector<Candidate> own;
  for (size_t i = 0; i < plan.texts.size(); ++i) {
    for (const Uuid& id : plan.texts[i].own_candidates) own.push_back({i, id});
  }
  RETURN_IF_ERROR(ReadFrom(sink_, own, rows, plan, found, stop));
  if (!anywhere) return found;
  Remember(rows, plan, found);
  Recall(rows, plan, found);

  std::vector<bool> have(found.size());
  std::unordered_map<Sha256Digest, size_t, DigestHash> missing;
  for (size_t i = 0; i < found.size(); ++i) {
    have[i] = found[i].has_value();
    if (!have[i]) missing.emplace(HashOf(rows, plan.texts[i]), i);
  }
  ASSIGN_OR_RETURN(const std::vector<TextMatch> matches, MatchesOf(rows, plan, have));
  std::unordered_map<int64_t, std::vector<Candidate>> by_target;
  for (const TextMatch& match : matches) {
    const auto text = missing.find(match.text_sha256);
    if (text != missing.end()) by_target[match.target_id].push_back({text->second, match.point_id});
  }
  for (const auto& [target_id, candidates] : by_target) {
    Sink* sink = SinkOf(target_id);
    if (sink == nullptr) continue;
    const Status read = ReadFrom(*sink, candidates, rows, plan, found, stop);
    if (read.ok() || read.code() == StatusCode::kCancelled) continue;
    if (target_id == target_.id) return read;
    LogDebug("another index could not be asked for vectors",
             {{"target", target_id}, {"error", Message(read)}});
  }
  return found;
}

StatusOr<std::vector<bool>> VectorFinder::Known(const std::vector<RenderedRow>& rows,
                                                const BatchPlan& plan, bool anywhere) {
  std::vector<bool> known(plan.texts.size());
  for (size_t i = 0; i < known.size(); ++i) known[i] = !plan.texts[i].own_candidates.empty();
  if (!anywhere) return known;
  ASSIGN_OR_RETURN(const std::vector<TextMatch> matches, MatchesOf(rows, plan, known));
  std::unordered_set<Sha256Digest, DigestHash> there;
  for (const TextMatch& match : matches) there.insert(match.text_sha256);
  for (size_t i = 0; i < known.size(); ++i) {
    if (!known[i]) known[i] = there.contains(HashOf(rows, plan.texts[i]));
  }
  return known;
}

}  // namespace drift
