#include "ledger/dead_letter_table.h"

#include <algorithm>
#include <set>

#include "ledger/codec.h"

namespace drift::ledger {
namespace {

// A digest, because a key may be too long for an index. Rows whose key has a NULL share it; their
// text tells them apart.
std::string IdentityOf(const DeadLetter& letter) {
  std::string who = letter.key;
  if (HasNull(letter.key)) who.append(View(letter.text_sha256));
  return std::string(View(Sha256(who)));
}

DeadLetter ReadLetter(const SqlRow& row) {
  DeadLetter letter;
  letter.id = row.Int(0);
  letter.pipeline = row.Text(1);
  letter.key = row.Text(2);
  letter.chunk = row.Int32(3);
  letter.reason = row.Text(4);
  letter.message = row.Text(5);
  letter.text_sha256 = DigestOf(row.Bytes(6));
  letter.version = row.Int(7);
  letter.attempts = row.Int32(8);
  letter.first_at = row.Time(9);
  letter.last_at = row.Time(10);
  return letter;
}

std::string Where(const DeadLetterFilter& filter, SqlArgs& args) {
  std::string where = "1 = 1";
  if (!filter.pipeline.empty())
    where += fmt::format(" AND pipeline = ${}", args.Add(filter.pipeline));
  if (!filter.reason.empty()) where += fmt::format(" AND reason = ${}", args.Add(filter.reason));
  return where;
}

// Calls `visit(where, args)` for each piece of a filter with long lists; once for one without.
template <typename Visit>
Status ForEachFilterPiece(const DeadLetterFilter& filter, Visit visit) {
  const auto with_keys = [&](std::span<const int64_t> ids) {
    const auto one = [&](std::span<const std::string> keys) {
      SqlArgs args;
      std::string where = Where(filter, args);
      if (!ids.empty()) where += " AND id IN " + args.AddSet(ids);
      if (!keys.empty()) where += " AND key IN " + args.AddSet(keys);
      return visit(where, args);
    };
    if (filter.keys.empty()) return one({});
    return ForEachPiece(std::span<const std::string>(filter.keys), one);
  };
  if (filter.ids.empty()) return with_keys({});
  return ForEachPiece(std::span<const int64_t>(filter.ids), with_keys);
}

// One statement may not touch a row twice: of equal letters the last one counts.
std::vector<const DeadLetter*> Distinct(std::span<const DeadLetter> letters) {
  std::set<std::pair<std::string, int32_t>> seen;
  std::vector<const DeadLetter*> out;
  for (size_t i = letters.size(); i-- > 0;) {
    if (seen.emplace(IdentityOf(letters[i]), letters[i].chunk).second) {
      out.push_back(&letters[i]);
    }
  }
  std::reverse(out.begin(), out.end());
  return out;
}

}  // namespace

StatusOr<int64_t> OpenLetters(SqlSession& session, int64_t target_id,
                              std::span<const DeadLetter> letters) {
  int64_t opened = 0;
  const std::vector<const DeadLetter*> distinct = Distinct(letters);
  const auto open = [&](std::span<const DeadLetter* const> piece) -> Status {
    SqlArgs args;
    std::string rows;
    for (const DeadLetter* letter : piece) {
      const std::vector<SqlValue> values =
          SqlArgs(target_id, letter->pipeline, letter->key, letter->chunk,
                  SqlBytes{IdentityOf(*letter)}, letter->reason, Storable(letter->message),
                  SqlBytes{std::string(View(letter->text_sha256))}, letter->version,
                  letter->first_at, letter->last_at)
              .values();
      rows += rows.empty() ? "" : ", ";
      rows += args.AddList(values);
    }
    ASSIGN_OR_RETURN(
        const auto counts,
        session.Run(
            "INSERT INTO dead_letters (target_id, pipeline, key, chunk, identity, reason, message,"
            " text_sha256, version, first_at, last_at) VALUES " +
                rows +
                " ON CONFLICT (target_id, identity, chunk) DO UPDATE SET"
                " reason = excluded.reason, message = excluded.message,"
                " text_sha256 = excluded.text_sha256, version = excluded.version,"
                " attempts = dead_letters.attempts + 1, last_at = excluded.last_at"
                " RETURNING attempts",
            args));
    for (const SqlRow& row : counts) opened += row.Int(0) == 1 ? 1 : 0;
    return OkStatus();
  };
  RETURN_IF_ERROR(ForEachPiece(std::span<const DeadLetter* const>(distinct), open));
  return opened;
}

StatusOr<int64_t> CloseLetters(SqlSession& session, int64_t target_id,
                               std::span<const std::string> keys) {
  int64_t closed = 0;
  const auto close = [&](std::span<const std::string> piece) -> Status {
    SqlArgs args(target_id);
    const std::string list = args.AddSet(piece);
    ASSIGN_OR_RETURN(const auto rows,
                     session.Run("DELETE FROM dead_letters WHERE target_id = $1 AND key IN " +
                                     list + " RETURNING id",
                                 args));
    closed += static_cast<int64_t>(rows.size());
    return OkStatus();
  };
  RETURN_IF_ERROR(ForEachPiece(keys, close));
  return closed;
}

StatusOr<std::vector<DeadLetter>> ListDeadLetters(SqlSession& session,
                                                  const DeadLetterFilter& filter) {
  std::vector<DeadLetter> out;
  RETURN_IF_ERROR(
      ForEachFilterPiece(filter, [&](const std::string& where, SqlArgs& args) -> Status {
        const size_t after = args.Add(filter.after_id);
        const size_t limit = args.Add(filter.limit);
        ASSIGN_OR_RETURN(
            const auto rows,
            session.Run(fmt::format("SELECT id, pipeline, key, chunk, reason, message,"
                                    " text_sha256, version, attempts, first_at, last_at"
                                    " FROM dead_letters WHERE {} AND id > ${}"
                                    " ORDER BY id LIMIT ${}",
                                    where, after, limit),
                        args));
        for (const SqlRow& row : rows) out.push_back(ReadLetter(row));
        return OkStatus();
      }));
  // Each piece is sorted and cut; so is what they make together.
  std::sort(out.begin(), out.end(),
            [](const DeadLetter& a, const DeadLetter& b) { return a.id < b.id; });
  if (out.size() > static_cast<size_t>(std::max(filter.limit, 0))) {
    out.resize(static_cast<size_t>(std::max(filter.limit, 0)));
  }
  return out;
}

StatusOr<std::vector<ClosedLetter>> DiscardLetters(SqlSession& session,
                                                   const DeadLetterFilter& filter) {
  std::vector<ClosedLetter> closed;
  RETURN_IF_ERROR(
      ForEachFilterPiece(filter, [&](const std::string& where, SqlArgs& args) -> Status {
        ASSIGN_OR_RETURN(const auto rows, session.Run("DELETE FROM dead_letters WHERE " + where +
                                                          " RETURNING target_id, key",
                                                      args));
        for (const SqlRow& row : rows) closed.push_back({row.Int(0), row.Text(1)});
        return OkStatus();
      }));
  return closed;
}

StatusOr<std::vector<std::string>> KeysWithoutLetters(SqlSession& session, int64_t target_id,
                                                      std::span<const std::string> keys) {
  std::set<std::string> without(keys.begin(), keys.end());
  const auto ask = [&](std::span<const std::string> piece) -> Status {
    SqlArgs args(target_id);
    const std::string list = args.AddSet(piece);
    ASSIGN_OR_RETURN(
        const auto rows,
        session.Run("SELECT key FROM dead_letters WHERE target_id = $1 AND key IN " + list, args));
    for (const SqlRow& row : rows) without.erase(row.Text(0));
    return OkStatus();
  };
  RETURN_IF_ERROR(ForEachPiece(keys, ask));
  return std::vector<std::string>(without.begin(), without.end());
}

}  // namespace drift::ledger
