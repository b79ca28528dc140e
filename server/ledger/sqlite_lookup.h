// Finding points in SQLite: by the text they hold, and by what is known of them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ledger/provenance.h"
#include "ledger/sqlite_file.h"
#include "ledger/sqlite_rows.h"

namespace drift::ledger {

// Live points that hold a text, within one vector space. One thread, one use.
class SqliteTextFinder {
 public:
  using TargetById = std::function<SqliteTarget*(int64_t id)>;

  // `adopted`: targets of the space whose collection holds points that the ledger does not know.
  SqliteTextFinder(const HashIndex& texts, TargetById targets, std::vector<int64_t> adopted,
                   int64_t preferred_target)
      : texts_(texts),
        select_preferred_(Select("=")),
        select_others_(Select("<>")),
        targets_(std::move(targets)),
        adopted_(std::move(adopted)),
        preferred_(preferred_target) {}

  // At most one per text.
  StatusOr<std::vector<TextMatch>> Find(SqliteReaders& readers,
                                        std::span<const Sha256Digest> texts);

 private:
  std::string Select(std::string_view comparison) const;
  StatusOr<std::optional<TextMatch>> FindOne(SqliteDatabase& db, const Sha256Digest& text,
                                             std::span<const HashIndex::Hit> pending);
  StatusOr<std::optional<TextMatch>> FindStored(SqliteDatabase& db, const Sha256Digest& text,
                                                bool of_preferred);
  StatusOr<std::optional<TextMatch>> FindAdopted(SqliteDatabase& db, const Sha256Digest& text,
                                                 bool of_preferred);
  // If that row is there and has the text now.
  StatusOr<std::optional<TextMatch>> Verify(SqliteDatabase& db, const Sha256Digest& text,
                                            int64_t owner, int64_t row);

  const HashIndex& texts_;
  const std::string select_preferred_;
  const std::string select_others_;
  const TargetById targets_;
  const std::vector<int64_t> adopted_;
  const int64_t preferred_;
};

// Provenance of one target's points, in a transaction that reads. One thread.
class SqliteProvenance {
 public:
  // A reader makes it before it begins its transaction. `hashes`: of the keys or the point looked
  // for.
  SqliteProvenance(const SqliteTarget& target, std::vector<int64_t> hashes);

  // Records of the rows that have such a hash and that `wanted` accepts, live or deleted.
  Status Find(SqliteDatabase& db, const Target& info,
              const std::function<bool(std::string_view key)>& wanted,
              const std::optional<Uuid>& point_id, std::vector<ProvenanceRecord>& out);

  // For ListPage.
  static StatusOr<std::vector<StoredRecords>> Load(SqliteDatabase& db, const SqliteTarget& target,
                                                   const Target& info, bool deleted, int64_t from,
                                                   int64_t limit);

 private:
  const SqliteTarget& target_;
  const std::vector<int64_t> hashes_;
  std::vector<HashIndex::Hit> live_;
  std::vector<HashIndex::Hit> deleted_;
};

}  // namespace drift::ledger
