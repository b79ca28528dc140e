#include "ledger/sqlite_rows.h"

#include <algorithm>
#include <unordered_set>

#include "core/key.h"
#include "ledger/codec.h"
#include "ledger/sqlite_schema.h"

namespace drift::ledger {
namespace {

// What rows and deletions have in common; ReadState() reads it from `at`.
constexpr char kStateColumns[] =
    "version, revision, written, flags, chunks, text, chars, tokens, cost, more";

Status ReadState(const SqliteStatement& row, int at, StoredRow& out) {
  RowState& state = out.state;
  state.guard = {static_cast<int32_t>(row.Int(at + 1)), row.Int(at)};
  out.written = row.Int(at + 2);
  const int64_t flags = row.Int(at + 3);
  const int64_t chunks = row.Int(at + 4);
  state.dead = (flags & kRowDead) != 0;
  if (chunks == 0) return OkStatus();
  state.chunks.reserve(static_cast<size_t>(std::clamp<int64_t>(chunks, 1, 1 << 20)));
  ChunkState& first = state.chunks.emplace_back();
  first.text_sha256 = DigestOf(row.Blob(at + 5));
  first.chars = static_cast<int32_t>(row.Int(at + 6));
  first.tokens = static_cast<int32_t>(row.Int(at + 7));
  first.tokens_estimated = (flags & kRowTokensEstimated) != 0;
  first.cost = row.Int(at + 8);
  if (chunks == 1) return OkStatus();
  RETURN_IF_ERROR(DecodeChunks(row.Blob(at + 9), state.chunks));
  if (static_cast<int64_t>(state.chunks.size()) == chunks) return OkStatus();
  return DataLoss("the ledger's chunks of a row are incomplete");
}

// The values of kStateColumns, for BindAll; `more` must live as long as the statement.
struct StateValues {
  StateValues(const RowState& row, int64_t written) : row(row), written(written) {
    if (row.chunks.empty()) return;
    // Chunk 0 has columns of its own.
    AppendChunks(more, std::span(row.chunks).subspan(1));
    first = row.chunks[0];
    text = SqliteBlob{View(row.chunks[0].text_sha256)};
    if (!more.empty()) more_blob = SqliteBlob{more};
  }
  const RowState& row;
  int64_t written;
  ChunkState first;
  std::optional<SqliteBlob> text;
  std::string more;
  std::optional<SqliteBlob> more_blob;
};

}  // namespace

SqliteTarget::SqliteTarget(int64_t id, std::string pipeline, std::shared_ptr<HashIndex> texts,
                           PendingCount& all_pending)
    : id(id),
      pipeline(std::move(pipeline)),
      points(PointsTable(id), all_pending),
      deleted_points(DeletedPointsTable(id), all_pending),
      texts(std::move(texts)),
      select_row(fmt::format("SELECT id, key, content, {} FROM {} WHERE id = ?", kStateColumns,
                             RowsTable(id))),
      walk_rows(fmt::format("SELECT id, key, content, {} FROM {} WHERE id >= ? ORDER BY id LIMIT ?",
                            kStateColumns, RowsTable(id))),
      insert_row(fmt::format("INSERT INTO {} (key, content, {}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
                             RowsTable(id), kStateColumns)),
      update_row(fmt::format("UPDATE {} SET content = ?, version = ?, revision = ?, written = ?,"
                             " flags = ?, chunks = ?, text = ?, chars = ?, tokens = ?, cost = ?,"
                             " more = ? WHERE id = ?",
                             RowsTable(id))),
      revive_row(
          fmt::format("UPDATE {} SET flags = flags & ~{} WHERE id = ?", RowsTable(id), kRowDead)),
      delete_row(fmt::format("DELETE FROM {} WHERE id = ?", RowsTable(id))),
      select_deletion(fmt::format("SELECT id, key, deleted_version, deleted_revision, deleted,"
                                  " points_removed, {} FROM {} WHERE id = ?",
                                  kStateColumns, DeletionsTable(id))),
      insert_deletion(fmt::format("INSERT INTO {} (key, deleted_version, deleted_revision, deleted,"
                                  " points_removed, {}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                                  DeletionsTable(id), kStateColumns)) {}

StatusOr<StoredRow> ReadRow(const SqliteStatement& row) {
  StoredRow out;
  out.id = row.Int(0);
  out.state.key = row.Text(1);
  out.state.content = ContentOf(row.Blob(2));
  RETURN_IF_ERROR(ReadState(row, 3, out));
  return out;
}

StatusOr<StoredDeletion> ReadDeletion(const SqliteStatement& row) {
  StoredDeletion out;
  out.id = row.Int(0);
  out.deletion.key = row.Text(1);
  out.deletion.guard = {static_cast<int32_t>(row.Int(3)), row.Int(2)};
  out.deleted = row.Int(4);
  out.deletion.points_removed = static_cast<int32_t>(row.Int(5));
  out.last.state.key = out.deletion.key;
  RETURN_IF_ERROR(ReadState(row, 6, out.last));
  return out;
}

StatusOr<std::optional<StoredRow>> GetRow(SqliteDatabase& db, const SqliteTarget& target,
                                          int64_t id) {
  ASSIGN_OR_RETURN(SqliteStatement select, db.Prepare(target.select_row));
  select.BindAll(id);
  ASSIGN_OR_RETURN(const bool found, select.Step());
  if (!found) return std::optional<StoredRow>();
  ASSIGN_OR_RETURN(StoredRow row, ReadRow(select));
  return std::optional<StoredRow>(std::move(row));
}

StatusOr<std::optional<StoredDeletion>> GetDeletion(SqliteDatabase& db, const SqliteTarget& target,
                                                    int64_t id) {
  ASSIGN_OR_RETURN(SqliteStatement select, db.Prepare(target.select_deletion));
  select.BindAll(id);
  ASSIGN_OR_RETURN(const bool found, select.Step());
  if (!found) return std::optional<StoredDeletion>();
  ASSIGN_OR_RETURN(StoredDeletion deletion, ReadDeletion(select));
  return std::optional<StoredDeletion>(std::move(deletion));
}

std::vector<KeyPlace> PlacesOf(const SqliteTarget& target, std::span<const std::string_view> keys) {
  std::vector<KeyPlace> places;
  places.reserve(keys.size());
  for (const std::string_view key : keys) places.push_back({key, PointId(target.pipeline, key, 0)});
  return places;
}

RowFinder::RowFinder(const SqliteTarget& target, std::span<const KeyPlace> places)
    : target_(target), wanted_(places.begin(), places.end()) {
  // Neighbours in the index are read one after the other.
  const auto hash = [](const KeyPlace& place) { return PointHash(place.point); };
  std::sort(wanted_.begin(), wanted_.end(), [&](const KeyPlace& a, const KeyPlace& b) {
    return hash(a) != hash(b) ? hash(a) < hash(b) : a.key < b.key;
  });
  const auto same = std::unique(wanted_.begin(), wanted_.end(), [](const auto& a, const auto& b) {
    return a.point == b.point && a.key == b.key;
  });
  wanted_.erase(same, wanted_.end());
  hashes_.reserve(wanted_.size());
  for (const KeyPlace& place : wanted_) hashes_.push_back(hash(place));
  hits_ = target.points.Pending(hashes_);
}

Status RowFinder::Find(SqliteDatabase& db, const Visit& visit) {
  RETURN_IF_ERROR(target_.points.Stored(db, hashes_, hits_));
  std::sort(hits_.begin(), hits_.end(), [](const HashIndex::Hit& a, const HashIndex::Hit& b) {
    return a.row != b.row ? a.row < b.row : a.which < b.which;
  });
  ASSIGN_OR_RETURN(SqliteStatement select, db.Prepare(target_.select_row));
  const HashIndex::Hit* last = nullptr;
  for (const HashIndex::Hit& hit : hits_) {
    // In memory and in the table: pending while it was merged.
    if (last != nullptr && last->row == hit.row && last->which == hit.which) continue;
    last = &hit;
    select.BindAll(hit.row);
    ASSIGN_OR_RETURN(const bool found, select.Step());
    // Column 1 is the key: other rows have the same hash once in a blue moon, or had.
    if (!found || select.Text(1) != wanted_[hit.which].key) continue;
    ASSIGN_OR_RETURN(StoredRow row, ReadRow(select));
    visit(wanted_[hit.which], std::move(row));
  }
  return OkStatus();
}

StatusOr<std::vector<std::string_view>> WalkRows(SqliteDatabase& db, const SqliteTarget& target,
                                                 std::span<const std::string_view> keys,
                                                 const std::function<void(StoredRow)>& visit) {
  constexpr size_t kWorthIt = 64;  // keys
  constexpr int kMaxSkip = 32;
  RowHint& hint = target.hint;
  std::vector<std::string_view> left;
  const bool skip = hint.next_row == 0 || keys.size() < kWorthIt || hint.skip.fetch_sub(1) > 0;
  if (skip) {
    left.assign(keys.begin(), keys.end());
    return left;
  }
  hint.skip = 0;
  std::unordered_set<std::string_view> wanted(keys.begin(), keys.end());
  const size_t asked = wanted.size();
  ASSIGN_OR_RETURN(SqliteStatement rows, db.Prepare(target.walk_rows));
  // Some rows more: what was deleted from the table since is passed over.
  rows.BindAll(hint.next_row.load(), static_cast<int64_t>(asked + asked / 8));
  while (!wanted.empty()) {
    ASSIGN_OR_RETURN(const bool found, rows.Step());
    if (!found) break;
    if (wanted.erase(rows.Text(1)) == 0) continue;
    ASSIGN_OR_RETURN(StoredRow row, ReadRow(rows));
    hint.next_row = row.id + 1;
    visit(std::move(row));
  }
  const bool useful = wanted.size() < asked / 2;
  hint.misses = useful ? 0 : std::min(hint.misses + 1, 5);
  if (!useful) hint.skip = std::min(1 << hint.misses, kMaxSkip);
  left.assign(wanted.begin(), wanted.end());
  return left;
}

StatusOr<int64_t> InsertRow(SqliteDatabase& db, const SqliteTarget& target, const RowState& row,
                            int64_t commit) {
  ASSIGN_OR_RETURN(SqliteStatement insert, db.Prepare(target.insert_row));
  const StateValues state(row, commit);
  RETURN_IF_ERROR(insert.RunWith(row.key, SqliteBlob{View(row.content)}, row.guard.version,
                                 row.guard.revision, state.written, FlagsOf(row), row.chunks.size(),
                                 state.text, state.first.chars, state.first.tokens,
                                 state.first.cost, state.more_blob));
  return db.last_insert_rowid();
}

Status UpdateRow(SqliteDatabase& db, const SqliteTarget& target, int64_t id, const RowState& row,
                 int64_t commit) {
  ASSIGN_OR_RETURN(SqliteStatement update, db.Prepare(target.update_row));
  const StateValues state(row, commit);
  return update.RunWith(SqliteBlob{View(row.content)}, row.guard.version, row.guard.revision,
                        state.written, FlagsOf(row), row.chunks.size(), state.text,
                        state.first.chars, state.first.tokens, state.first.cost, state.more_blob,
                        id);
}

StatusOr<int64_t> InsertDeletion(SqliteDatabase& db, const SqliteTarget& target,
                                 const RowDeletion& deletion, const StoredRow* last,
                                 int64_t commit) {
  ASSIGN_OR_RETURN(SqliteStatement insert, db.Prepare(target.insert_deletion));
  const StoredRow nothing;
  const StoredRow& row = last == nullptr ? nothing : *last;
  const StateValues state(row.state, row.written);
  RETURN_IF_ERROR(insert.RunWith(deletion.key, deletion.guard.version, deletion.guard.revision,
                                 commit, deletion.points_removed, row.state.guard.version,
                                 row.state.guard.revision, state.written, FlagsOf(row.state),
                                 row.state.chunks.size(), state.text, state.first.chars,
                                 state.first.tokens, state.first.cost, state.more_blob));
  return db.last_insert_rowid();
}

}  // namespace drift::ledger
