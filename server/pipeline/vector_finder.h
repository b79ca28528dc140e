// Vectors that are paid for already, read back from where they lie.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/ledger.h"
#include "core/sink.h"
#include "pipeline/connectors.h"
#include "pipeline/plan.h"
#include "pipeline/recent_vectors.h"

namespace drift {

struct FoundVector {
  Vector vector;
  WallTime embedded_at;
};

// Of one window; one thread. What it returns was checked: text hash, model and dimensions of the
// point are equal to what is wanted. Whatever cannot be read is simply not found, and is embedded.
class VectorFinder {
 public:
  // `sink` is the target's own. All must outlive the finder.
  VectorFinder(Ledger& ledger, Connectors& connectors, const Target& target, Sink& sink)
      : ledger_(ledger), connectors_(connectors), target_(target), sink_(sink) {}

  // Parallel to plan.texts; nullopt: to be embedded. `anywhere`: points of other rows and other
  // pipelines of the model count too (dedup).
  // Errors of the own sink and of the ledger are returned; a foreign sink that is away is a miss.
  StatusOr<std::vector<std::optional<FoundVector>>> Find(const std::vector<RenderedRow>& rows,
                                                         const BatchPlan& plan, bool anywhere,
                                                         std::stop_token stop);

  // Reads the vectors of points that the batch will overwrite with another text or remove: a later
  // batch of the window may want the text for another row, and nothing else would hold it then.
  // To be called before the batch is written. Errors of the own sink are returned.
  Status KeepDisplaced(const std::vector<RenderedRow>& rows, const BatchPlan& plan,
                       const RowStates& before, std::stop_token stop);

  // Reads the vectors of points that a crash left in the sink and that the ledger does not know.
  Status KeepStaged(const StagedKeys& staged, std::stop_token stop);

  // The same question as Find() without reading any vector: which texts the ledger says are there.
  StatusOr<std::vector<bool>> Known(const std::vector<RenderedRow>& rows, const BatchPlan& plan,
                                    bool anywhere);

 private:
  using Found = std::vector<std::optional<FoundVector>>;
  // A point that may hold the vector of a text.
  struct Candidate {
    size_t text;
    Uuid id;
  };
  // Vectors of which the ledger does not know yet, or knows no longer: the next batch is planned
  // before this one is committed, and after its rows have been overwritten.
  static constexpr size_t kRememberedBytes = 32 << 20;

  bool IsOfModel(const Point& point) const;
  Status RememberPoints(const std::vector<Uuid>& ids, std::stop_token stop);
  void Remember(const std::vector<RenderedRow>& rows, const BatchPlan& plan, const Found& found);
  void Recall(const std::vector<RenderedRow>& rows, const BatchPlan& plan, Found& found);
  const Sha256Digest& HashOf(const std::vector<RenderedRow>& rows, const TextPlan& text) const;
  StatusOr<std::vector<TextMatch>> MatchesOf(const std::vector<RenderedRow>& rows,
                                             const BatchPlan& plan, const std::vector<bool>& have);
  Status ReadFrom(Sink& sink, const std::vector<Candidate>& candidates,
                  const std::vector<RenderedRow>& rows, const BatchPlan& plan, Found& found,
                  std::stop_token stop);
  Sink* SinkOf(int64_t target_id);

  Ledger& ledger_;
  Connectors& connectors_;
  const Target& target_;
  Sink& sink_;
  std::unordered_map<int64_t, std::shared_ptr<Sink>> foreign_;  // null: cannot be opened
  RecentVectors remembered_{kRememberedBytes};
};

}  // namespace drift
