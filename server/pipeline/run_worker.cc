#include "pipeline/run_worker.h"

#include "base/log.h"
#include "core/reasons.h"
#include "pipeline/estimate.h"
#include "pipeline/remedy.h"
#include "pipeline/run.h"

namespace drift {
namespace {

constexpr std::chrono::seconds kEstimateTime{60};

RunRecord Begin(const RunServices& services, ActiveRun& active) {
  const WallTime now = services.clock.Now();
  active.progress.Update([&](RunView& view) {
    view.run.state = RunState::kRunning;
    ++view.run.attempts;
    if (!view.run.started_at) view.run.started_at = now;
    view.phase = "starting";
  });
  return active.progress.view().run;
}

Status Work(RunContext& run, const ActiveRun& active) {
  switch (active.mode) {
    case RunMode::kEmbed:
      return RunPipeline(run, /*whole=*/true);
    case RunMode::kWatch:
      return RunPipeline(run, /*whole=*/false);
    case RunMode::kReplay:
      return ReplayDeadLetters(run, active.letters);
    case RunMode::kMigrate:
    case RunMode::kErase:
      break;
  }
  return Unimplemented("runs of mode {} are not in this release", ToString(active.mode));
}

// What `run embed` would cost as the remedy, for people. Empty if it cannot be said in a minute.
std::string RemedyFigures(const RunServices& services, ActiveRun& active) {
  std::stop_source late;
  LinkedStop either(active.hard.get_token(), late.get_token());
  std::jthread timer([&](std::stop_token done) {
    if (services.clock.Sleep(kEstimateTime, done)) late.request_stop();
  });
  RunProgress progress(active.progress.view().run, services.clock);
  RunContext run(services, active.spec, progress, active.soft.get_token(), either.token());
  const auto plan = EstimateRun(run, /*whole=*/true);
  if (!plan.ok()) return "";
  const int64_t changed = plan->rows_to_embed + plan->rows_to_reuse;
  const double usd = static_cast<double>(plan->cost) / 1e9;
  return fmt::format(" (about {} of {} rows changed; at most ${:.2f})", changed, plan->rows,
                     usd + (usd > 0 ? 0.005 : 0));
}

Status WithFigures(const RunServices& services, ActiveRun& active, Status status) {
  if (!IsCuredByEmbed(Reason(status)) || active.soft.stop_requested()) return status;
  active.progress.Update(
      [](RunView& view) { view.phase = "working out what the remedy would cost"; });
  const std::string remedy = PauseFor(status, active.spec, services.clock.Now()).remedy;
  return WithRemedy(std::move(status), remedy + RemedyFigures(services, active));
}

void LogEnd(const RunRecord& run, const Status& status) {
  const RunCounters& c = run.counters;
  const double seconds =
      run.started_at && run.ended_at
          ? std::chrono::duration<double>(*run.ended_at - *run.started_at).count()
          : 0;
  if (status.ok()) {
    LogInfo("run done", {{"run", run.id},
                         {"pipeline", run.pipeline},
                         {"mode", ToString(run.mode)},
                         {"version", run.to_version},
                         {"inserted", c.rows_inserted},
                         {"updated", c.rows_updated},
                         {"deleted", c.rows_deleted},
                         {"unchanged", c.rows_unchanged},
                         {"embedded", c.texts_embedded},
                         {"reused", c.texts_reused},
                         {"dead", c.dead_letters},
                         {"cost_usd", static_cast<double>(c.cost) / 1e9},
                         {"seconds", seconds}});
  } else if (status.code() == StatusCode::kCancelled) {
    LogInfo("run stopped", {{"run", run.id}, {"pipeline", run.pipeline}});
  } else {
    const bool must_act =
        status.code() == StatusCode::kDataLoss || status.code() == StatusCode::kInternal;
    Log(must_act ? LogLevel::kError : LogLevel::kWarn, "run failed",
        {{"run", run.id},
         {"pipeline", run.pipeline},
         {"mode", ToString(run.mode)},
         {"error", Message(status)}});
  }
}

}  // namespace

RunEnd ExecuteRun(const RunServices& services, ActiveRun& active) {
  RunContext run(services, active.spec, active.progress, active.soft.get_token(),
                 active.hard.get_token());
  const RunRecord begun = Begin(services, active);
  Status status = run.Persist("ledger", "noting the run's begin",
                              [&] { return services.ledger.UpdateRun(begun); });
  if (status.ok()) status = Work(run, active);
  if (Pauses(status)) status = WithFigures(services, active, std::move(status));

  RunEnd end;
  end.status = status;
  end.interrupted = status.code() == StatusCode::kCancelled && !active.cancelled;
  end.run = active.progress.view().run;
  if (run.client) end.run.counters = run.CountersNow();
  if (end.interrupted) {
    end.run.state = RunState::kQueued;
  } else {
    end.run.ended_at = services.clock.Now();
    end.run.state = status.ok()                               ? RunState::kSucceeded
                    : status.code() == StatusCode::kCancelled ? RunState::kCancelled
                                                              : RunState::kFailed;
    if (end.run.state == RunState::kFailed) {
      end.run.error = std::string(Message(status));
      // The word that the pipeline's pause shows, if this pauses it.
      end.run.error_reason =
          Reason(status).empty() ? std::string(CodeName(status.code())) : Reason(status);
    }
  }
  // The end is noted even when the run was stopped hard; if the ledger is away the supervisor tries
  // again, and if the process ends first the run is found RUNNING at the next start and goes on.
  const Status noted = services.ledger.UpdateRun(end.run);
  end.noted = noted.ok();
  if (!noted.ok())
    LogWarn("the end of a run was not noted", {{"run", end.run.id}, {"error", Message(noted)}});
  LogEnd(end.run, status);
  return end;
}

}  // namespace drift
