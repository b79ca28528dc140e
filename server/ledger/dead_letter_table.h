// The table of dead letters.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/ledger_types.h"
#include "ledger/sql.h"

namespace drift::ledger {

// Opens letters; one that is open already counts up and takes the newer words. Returns how many are
// new.
StatusOr<int64_t> OpenLetters(SqlSession& session, int64_t target_id,
                              std::span<const DeadLetter> letters);
// Closes all letters of these keys. Returns how many.
StatusOr<int64_t> CloseLetters(SqlSession& session, int64_t target_id,
                               std::span<const std::string> keys);
StatusOr<std::vector<DeadLetter>> ListDeadLetters(SqlSession& session,
                                                  const DeadLetterFilter& filter);

// A letter that was closed.
struct ClosedLetter {
  int64_t target_id = 0;
  std::string key;
};
// Closes all that match; `limit` and `after_id` of the filter are for pages and do not count here.
StatusOr<std::vector<ClosedLetter>> DiscardLetters(SqlSession& session,
                                                   const DeadLetterFilter& filter);
// Those of `keys` that have no open letter.
StatusOr<std::vector<std::string>> KeysWithoutLetters(SqlSession& session, int64_t target_id,
                                                      std::span<const std::string> keys);

}  // namespace drift::ledger
