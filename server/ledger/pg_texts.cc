#include <algorithm>

#include "core/key.h"
#include "ledger/codec.h"
#include "ledger/pg_lookup.h"

namespace drift::ledger {
namespace {

// Many rows may hold the same text, so a few are enough; more than one, in case the first has
// another text of the same hash.
constexpr char kRowsWithText[] =
    "SELECT w.n, r.point, r.key, r.state FROM unnest($1, $2) WITH ORDINALITY AS w (low, high, n)"
    " CROSS JOIN LATERAL (SELECT point, key, state FROM rows"
    " WHERE text BETWEEN w.low AND w.high LIMIT 4) r";
constexpr char kRowsWithTextInMore[] =
    "SELECT w.n, r.point, r.key, r.state FROM unnest($1, $2) WITH ORDINALITY AS w (low, high, n)"
    " CROSS JOIN LATERAL (SELECT first FROM more_points"
    " WHERE text BETWEEN w.low AND w.high LIMIT 4) m JOIN rows r ON r.point = m.first";
constexpr char kAdoptedWithText[] =
    "SELECT w.n, a.target_id, a.point FROM unnest($1) WITH ORDINALITY AS w (text, n)"
    " CROSS JOIN LATERAL (SELECT target_id, point FROM adopted"
    " WHERE text_sha256 = w.text AND target_id = ANY($2) LIMIT 1) a";

}  // namespace

StatusOr<std::vector<TextMatch>> PgTextFinder::Find(std::span<const Sha256Digest> texts) {
  RETURN_IF_ERROR(LoadTargets());
  if (pipelines_.empty()) return std::vector<TextMatch>();
  wanted_.assign(texts.begin(), texts.end());
  // Neighbours in the index are read one after the other.
  std::sort(wanted_.begin(), wanted_.end(), [this](const Sha256Digest& a, const Sha256Digest& b) {
    return std::pair(space_.Places(a).first, a) < std::pair(space_.Places(b).first, b);
  });
  wanted_.erase(std::unique(wanted_.begin(), wanted_.end()), wanted_.end());
  if (pipelines_.contains(preferred_)) RETURN_IF_ERROR(FindIn(Where::kPreferred));
  if (pipelines_.size() > 1 || !pipelines_.contains(preferred_)) {
    RETURN_IF_ERROR(FindIn(Where::kAnywhere));
  }
  return std::move(matches_);
}

Status PgTextFinder::LoadTargets() {
  ASSIGN_OR_RETURN(const auto rows,
                   session_.Run("SELECT id, pipeline, EXISTS (SELECT 1 FROM more_points),"
                                " EXISTS (SELECT 1 FROM adopted) FROM targets"
                                " WHERE fingerprint = $1 AND dimensions = $2",
                                SqlArgs(fingerprint_, dimensions_)));
  for (const SqlRow& row : rows) {
    pipelines_.emplace(row.Int(0), row.Text(1));
    has_more_points_ = row.Bool(2);
    has_adopted_ = row.Bool(3);
  }
  return OkStatus();
}

Status PgTextFinder::FindIn(Where where) {
  RETURN_IF_ERROR(FindPoints(kRowsWithText, where));
  if (has_more_points_) RETURN_IF_ERROR(FindPoints(kRowsWithTextInMore, where));
  return has_adopted_ ? FindAdopted(where) : OkStatus();
}

Status PgTextFinder::FindPoints(const char* sql, Where where) {
  if (wanted_.empty()) return OkStatus();
  PgArray low(PgType::kInt8);
  PgArray high(PgType::kInt8);
  for (const Sha256Digest& text : wanted_) {
    const TextSpace::Range all = space_.Places(text);
    const int64_t own = space_.Place(text, preferred_);
    low.Int(where == Where::kPreferred ? own : all.first);
    high.Int(where == Where::kPreferred ? own : all.last);
  }
  PgParams params;
  params.Array(low).Array(high);
  ASSIGN_OR_RETURN(const PgResult rows, session_.pg().Execute(sql, params, {}));
  found_.assign(wanted_.size(), std::nullopt);
  for (int i = 0; i < rows.rows(); ++i) {
    ASSIGN_OR_RETURN(const StoredRow row, DecodeState(rows.Text(i, 2), rows.Bytes(i, 3)));
    Take(static_cast<size_t>(rows.Int(i, 0) - 1), row, rows.Int(i, 1));
  }
  Settle();
  return OkStatus();
}

Status PgTextFinder::FindAdopted(Where where) {
  if (wanted_.empty()) return OkStatus();
  PgArray texts(PgType::kBytes);
  for (const Sha256Digest& text : wanted_) texts.Bytes(View(text));
  PgArray targets(PgType::kInt8);
  for (const auto& [id, pipeline] : pipelines_) {
    if (where == Where::kAnywhere || id == preferred_) targets.Int(id);
  }
  PgParams params;
  params.Array(texts).Array(targets);
  ASSIGN_OR_RETURN(const PgResult rows, session_.pg().Execute(kAdoptedWithText, params, {}));
  found_.assign(wanted_.size(), std::nullopt);
  for (int i = 0; i < rows.rows(); ++i) {
    const auto text = static_cast<size_t>(rows.Int(i, 0) - 1);
    found_[text] = TextMatch{wanted_[text], rows.Int(i, 1), rows.Id(i, 2)};
  }
  Settle();
  return OkStatus();
}

// If the row really has the text.
void PgTextFinder::Take(size_t text, const StoredRow& row, int64_t place) {
  const std::vector<ChunkState>& chunks = row.state.chunks;
  const auto chunk = std::find_if(chunks.begin(), chunks.end(), [&](const ChunkState& chunk) {
    return chunk.text_sha256 == wanted_[text];
  });
  const int64_t target = TargetOfPlace(place);
  const auto pipeline = pipelines_.find(target);
  if (found_[text] || chunk == chunks.end() || pipeline == pipelines_.end()) return;
  const auto number = static_cast<int32_t>(chunk - chunks.begin());
  found_[text] = TextMatch{wanted_[text], target, PointId(pipeline->second, row.state.key, number)};
}

// Moves what was found from the wanted to the matches.
void PgTextFinder::Settle() {
  std::vector<Sha256Digest> left;
  for (size_t i = 0; i < wanted_.size(); ++i) {
    if (found_[i])
      matches_.push_back(*found_[i]);
    else
      left.push_back(wanted_[i]);
  }
  wanted_ = std::move(left);
}

}  // namespace drift::ledger
