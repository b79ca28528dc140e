// Finding points in PostgreSQL: by the text they hold, and by what is known of them. In a
// transaction that sees one state of the ledger; one thread.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ledger/pg_row.h"
#include "ledger/pg_session.h"
#include "ledger/provenance.h"

namespace drift::ledger {

// Live points that hold a text, within one vector space. Used once.
class PgTextFinder {
 public:
  PgTextFinder(PgSession& session, const std::string& fingerprint, int32_t dimensions,
               int64_t preferred_target)
      : session_(session),
        fingerprint_(fingerprint),
        dimensions_(dimensions),
        space_(fingerprint, dimensions),
        preferred_(preferred_target) {}

  // At most one per text.
  StatusOr<std::vector<TextMatch>> Find(std::span<const Sha256Digest> texts);

 private:
  // Which places to look at: those of the preferred target, or of all.
  enum class Where { kPreferred, kAnywhere };

  Status LoadTargets();
  Status FindIn(Where where);
  Status FindPoints(const char* sql, Where where);
  Status FindAdopted(Where where);
  void Take(size_t text, const StoredRow& row, int64_t place);
  void Settle();

  PgSession& session_;
  const std::string& fingerprint_;
  const int32_t dimensions_;
  const TextSpace space_;
  const int64_t preferred_;
  std::map<int64_t, std::string> pipelines_;  // of the space's targets, by id
  bool has_more_points_ = false;
  bool has_adopted_ = false;
  std::vector<Sha256Digest> wanted_;             // not found yet
  std::vector<std::optional<TextMatch>> found_;  // beside them
  std::vector<TextMatch> matches_;
};

// Provenance of the targets' points.
class PgProvenance {
 public:
  explicit PgProvenance(PgSession& session) : session_(session) {}

  // Of these points of the targets: of rows by key (the points of their chunk 0), or of the one
  // point a filter asks for.
  StatusOr<std::vector<ProvenanceRecord>> Find(const std::vector<Target>& targets,
                                               const ProvenanceFilter& filter);
  // For ListPage.
  StatusOr<std::vector<StoredRecords>> Load(const Target& target, bool deleted, int64_t from,
                                            int64_t limit);

 private:
  // Rows and deletions at these places and at those of the rows that have such a point.
  Status LoadAt(std::vector<int64_t> places, std::vector<std::pair<int64_t, StoredRow>>& rows,
                std::vector<StoredDeletion>& deletions);
  Status AddFirsts(const char* sql, std::vector<int64_t>& places);
  StatusOr<std::vector<StoredRecords>> LoadLive(const Target& target, int64_t from, int64_t limit);
  StatusOr<std::vector<StoredRecords>> LoadDeleted(const Target& target, int64_t from,
                                                   int64_t limit);
  // Reads what the numbers of commits stand for.
  Status LoadCommits(std::span<const int64_t> numbers);
  void Append(const Target& target, const StoredRow& row, const std::optional<Uuid>& point_id,
              std::vector<ProvenanceRecord>& out) const;
  void Append(const Target& target, const StoredDeletion& row, const std::optional<Uuid>& point_id,
              std::vector<ProvenanceRecord>& out) const;
  CommitInfo CommitOf(int64_t number) const;

  PgSession& session_;
  std::map<int64_t, CommitInfo> commits_;
};

}  // namespace drift::ledger
