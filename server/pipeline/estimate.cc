#include "pipeline/estimate.h"

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "core/reasons.h"
#include "pipeline/attach.h"
#include "pipeline/batch_reader.h"
#include "pipeline/key_fold.h"
#include "pipeline/window_run.h"

namespace drift {
namespace {

constexpr size_t kListed = 2048;
// A run with fewer says nothing about speed: most of its time went elsewhere.
constexpr int64_t kTellingTexts = 100;

class Estimator {
 public:
  explicit Estimator(RunContext& run) : run_(run) {}

  StatusOr<PlanFigures> Estimate(bool whole) {
    RETURN_IF_ERROR(
        run_.Contact("source", "reading the table", [&] { return run_.source->Check(run_.hard); })
            .status());
    RETURN_IF_ERROR(LookAtTarget());
    RETURN_IF_ERROR(LookAtSink());
    out_.tokens_estimated = !run_.model->counter().exact();
    ASSIGN_OR_RETURN(std::optional<Window> window, FirstWindow(whole));
    while (window) {
      RETURN_IF_ERROR(AddWindow(*window));
      run_.target.cursor = window->next;
      ASSIGN_OR_RETURN(window, NextWindow());
    }
    ASSIGN_OR_RETURN(out_.seconds, Seconds());
    out_.cost = run_.model->model().is_free ? 0 : run_.model->Price(out_.tokens);
    return std::move(out_);
  }

 private:
  // The slower of what the quota allows and how fast this model was lately; 0: neither is known.
  StatusOr<double> Seconds() {
    const auto texts = static_cast<double>(out_.texts_to_embed);
    const RateLimits& rate = run_.model->model().rate;
    const auto at_rate = [](double amount, int64_t per_minute) {
      return per_minute > 0 ? amount * 60 / static_cast<double>(per_minute) : 0;
    };
    double seconds = std::max(at_rate(static_cast<double>(out_.tokens), rate.tokens_per_minute),
                              at_rate(texts, rate.items_per_minute));
    if (const int32_t batch = run_.spec.limits.batch_size; batch > 0) {
      seconds = std::max(seconds, at_rate(std::ceil(texts / batch), rate.requests_per_minute));
    }
    RunFilter lately;
    lately.states = {RunState::kSucceeded};
    ASSIGN_OR_RETURN(const std::vector<RunRecord> runs, run_.ledger().ListRuns(lately));
    for (const RunRecord& run : runs) {
      if (run.model != run_.spec.model || !run.started_at || !run.ended_at) continue;
      if (run.counters.texts_embedded < kTellingTexts) continue;
      const std::chrono::duration<double> took = *run.ended_at - *run.started_at;
      return std::max(seconds,
                      took.count() * texts / static_cast<double>(run.counters.texts_embedded));
    }
    return seconds;
  }

  Status LookAtTarget() {
    const TargetKey key = TargetKeyOf(run_.spec, run_.model->model());
    ASSIGN_OR_RETURN(std::optional<Target> target, run_.ledger().FindTarget(key));
    if (!target) {
      ASSIGN_OR_RETURN(target, FindMoved(run_, key));
    }
    run_.target.key = key;
    if (target) run_.target = *target;
    out_.from_version = run_.target.version;
    out_.to_version = run_.target.version;
    // Rows of another configuration are never skipped; a revision that no row has says so.
    if (run_.target.revision > 0 && run_.target.config_hash != ContentConfigHash(run_.spec)) {
      ++run_.target.revision;
      out_.notes.push_back(fmt::format("the configuration changed ({}): every row is written again",
                                       DescribeDifference(run_.target.config, run_.spec)));
    }
    return OkStatus();
  }

  Status LookAtSink() {
    const auto info = run_.sink->Describe(run_.hard);
    if (!info.ok()) {
      out_.notes.push_back(fmt::format("the sink could not be asked: {}", Message(info.status())));
      return OkStatus();
    }
    out_.collection_exists = info->exists;
    const bool ours = info->exists && info->stamp &&
                      info->stamp->sources.contains(run_.spec.name) &&
                      info->stamp->sources.at(run_.spec.name).ledger_id == run_.ledger().id();
    if (ours) return OkStatus();
    if (run_.target.rows > 0) {
      out_.notes.emplace_back("the index is lost: all rows are embedded again");
      run_.target = Target{.key = run_.target.key};
      out_.from_version = -1;
    }
    return info->exists ? AdoptTexts() : OkStatus();
  }

  // Texts whose vectors lie in the collection without the ledger knowing.
  Status AdoptTexts() {
    std::optional<Uuid> after;
    for (;;) {
      ASSIGN_OR_RETURN(const std::vector<PointHead> page,
                       run_.sink->List(run_.spec.name, after, kListed, run_.hard));
      for (const PointHead& point : page) {
        if (point.model == run_.target.key.model) adopted_.insert(Prefix64(point.text_sha256));
      }
      if (page.size() < kListed) return OkStatus();
      after = page.back().id;
    }
  }

  StatusOr<std::optional<Window>> FirstWindow(bool whole) {
    if (!whole && run_.target.cursor) return NextWindow();
    if (!whole && run_.spec.since_version) {
      ASSIGN_OR_RETURN(run_.target.cursor,
                       run_.source->StartAt(*run_.spec.since_version, run_.hard));
      return NextWindow();
    }
    ASSIGN_OR_RETURN(Window window, run_.source->Snapshot(run_.target.cursor, run_.hard));
    window.resumed = false;
    if (window.restarts_versions) ++run_.target.revision;
    return std::optional<Window>(std::move(window));
  }

  StatusOr<std::optional<Window>> NextWindow() {
    return run_.source->Next(*run_.target.cursor, WindowLimits{}, run_.hard);
  }

  Status AddWindow(Window& window) {
    ASSIGN_OR_RETURN(
        KeyFold keys,
        KeyFold::Fold(*run_.source, window, *run_.renderer, run_.ledger(), run_.target.id,
                      {.temp_folder = run_.services.temp_folder}, run_.hard));
    window = keys.window();
    out_.to_version = window.last_version;
    run_.progress.Update([&](RunView& view) {
      view.rows_expected = std::max<int64_t>(0, view.rows_expected) + keys.upserts();
    });
    const auto wins = [&](std::string_view key, int64_t at) { return keys.Wins(key, at); };
    if (keys.has_rows()) {
      BatchReader reader(run_, window, wins, BatchLimitsOf(run_));
      for (;;) {
        ASSIGN_OR_RETURN(const std::optional<ReadBatch> batch, reader.Next(run_.hard));
        if (!batch) break;
        RETURN_IF_ERROR(AddRows(batch->rows));
      }
    }
    return AddGone(keys);
  }

  StatusOr<std::vector<RowState>> LoadRows(const std::vector<std::string>& keys) {
    if (run_.target.id == kNoTarget) return std::vector<RowState>();
    return run_.ledger().LoadRows(run_.target.id, keys);
  }

  Status AddRows(const std::vector<RenderedRow>& rows) {
    std::vector<std::string> keys;
    keys.reserve(rows.size());
    for (const RenderedRow& row : rows) keys.push_back(row.key);
    ASSIGN_OR_RETURN(std::vector<RowState> states, LoadRows(keys));
    RowStates before;
    for (RowState& state : states) {
      std::string key = state.key;
      before.emplace(std::move(key), std::move(state));
    }
    const StagedKeys none;
    const BatchPlan plan = PlanBatch({rows, before, none, run_.spec.name, run_.target.revision,
                                      run_.spec.dedup, /*force=*/false});
    VectorFinder vectors(run_.ledger(), run_.services.connectors, run_.target, *run_.sink);
    ASSIGN_OR_RETURN(const std::vector<bool> known, vectors.Known(rows, plan, run_.spec.dedup));
    std::vector<bool> embeds(rows.size());
    for (size_t i = 0; i < plan.texts.size(); ++i) AddText(rows, plan.texts[i], known[i], embeds);
    for (size_t i = 0; i < rows.size(); ++i) AddRow(rows[i], plan.rows[i], before, embeds[i]);
    run_.progress.AddRows(static_cast<int64_t>(rows.size()));
    return OkStatus();
  }

  void AddText(const std::vector<RenderedRow>& rows, const TextPlan& text, bool known,
               std::vector<bool>& embeds) {
    const TextPlan::Use& use = text.uses.front();
    const RenderedChunk& chunk = rows[use.row].chunks[use.chunk];
    const uint64_t hash = Prefix64(chunk.sha256);
    if (known || (run_.spec.dedup && (adopted_.contains(hash) || seen_.contains(hash)))) return;
    if (seen_.size() < kMaxSeen) seen_.insert(hash);
    embeds[use.row] = true;
    ++out_.texts_to_embed;
    out_.tokens += run_.model->counter().Count(chunk.text);
  }

  void AddRow(const RenderedRow& row, const RowPlan& plan, const RowStates& before, bool embeds) {
    ++out_.rows;
    const auto state = before.find(row.key);
    const bool stays_dead =
        plan.action == RowPlan::Action::kSkip && state != before.end() && state->second.dead;
    if (row.dead || stays_dead)
      ++out_.rows_dead;
    else if (row.chunks.empty())
      ++out_.rows_without_text;
    else if (plan.action == RowPlan::Action::kSkip)
      ++out_.rows_unchanged;
    else if (embeds)
      ++out_.rows_to_embed;
    else
      ++out_.rows_to_reuse;
  }

  Status AddGone(KeyFold& keys) {
    if (keys.window().kind == Window::Kind::kSnapshot) {
      return keys.ForEachMissing(
          {}, [&](const RowHead&) { return ++out_.rows_to_delete, OkStatus(); }, run_.hard);
    }
    std::vector<std::string> gone;
    const auto count = [&] {
      auto rows = LoadRows(gone);
      gone.clear();
      if (rows.ok()) out_.rows_to_delete += static_cast<int64_t>(rows->size());
      return rows.status();
    };
    RETURN_IF_ERROR(keys.ForEachGone([&](std::string_view key, int64_t) {
      gone.emplace_back(key);
      return gone.size() < kListed ? OkStatus() : count();
    }));
    return gone.empty() ? OkStatus() : count();
  }

  // Distinct texts remembered, so that equal ones are counted once; beyond it they are counted
  // each.
  static constexpr size_t kMaxSeen = 2'000'000;

  RunContext& run_;
  PlanFigures out_;
  std::unordered_set<uint64_t> adopted_;
  std::unordered_set<uint64_t> seen_;
};

}  // namespace

StatusOr<PlanFigures> EstimateRun(RunContext& run, bool whole) {
  RETURN_IF_ERROR(OpenRun(run));
  return Estimator(run).Estimate(whole);
}

}  // namespace drift
