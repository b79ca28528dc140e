#include "app.h"

#include <signal.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdlib>
#include <iostream>
#include <optional>

#include "app_connectors.h"
#include "base/log.h"
#include "base/text_file.h"
#include "config/pipeline.h"
#include "control/control_server.h"
#include "ledger/open.h"
#include "metrics/http_server.h"
#include "metrics/metrics.h"
#include "metrics/pages.h"
#include "pipeline/budget_keeper.h"
#include "pipeline/supervisor.h"
#include "version.h"

namespace drift {
namespace {

// Provider requests and sink writes wait on these; most of the time they wait for a server.
constexpr int kWorkers = 32;
constexpr std::chrono::milliseconds kTick{500};
constexpr std::chrono::seconds kHardStopTime{5};

std::string TempFolder() {
  const char* folder = std::getenv("TMPDIR");
  return folder != nullptr && *folder != '\0' ? folder : "/tmp";
}

struct Loaded {
  Config config;
  std::shared_ptr<ModelSet> models;
};

// The configuration is read twice: the models it is checked against may be named in it.
Loaded LoadAll(const std::string& path, std::shared_ptr<TokenRatios> ratios, Problems& problems) {
  const EnvLookup environment = ProcessEnvironment();
  Problems ignored;
  const Config first = LoadConfig(path, environment, MakeConfigChecks(nullptr), ignored);
  Loaded out;
  out.models = std::make_shared<ModelSet>(
      LoadCatalogue(first.catalogue.models, first.catalogue.prices, environment, problems),
      first.providers, Clock::Real(), std::move(ratios));
  out.config = LoadConfig(path, environment, MakeConfigChecks(out.models), problems);
  return out;
}

std::vector<BudgetRule> RulesOf(const std::vector<BudgetConfig>& budgets) {
  std::vector<BudgetRule> rules;
  for (const BudgetConfig& budget : budgets) {
    const bool pipeline = budget.scope == BudgetConfig::Scope::kPipeline;
    const bool day = budget.period == BudgetConfig::Period::kDay;
    rules.push_back({pipeline ? BudgetRule::Scope::kPipeline : BudgetRule::Scope::kProvider,
                     budget.name, day ? BudgetRule::Period::kDay : BudgetRule::Period::kMonth,
                     budget.limit, budget.soft_share});
  }
  return rules;
}

int StartupExit(const Status& status) {
  if (Reason(status) == kLedgerInUse) return kExitLedgerInUse;
  switch (status.code()) {
    case StatusCode::kInvalidArgument:
    case StatusCode::kFailedPrecondition:
      return kExitConfiguration;
    default:
      return kExitUnavailable;
  }
}

class App {
 public:
  App(AppOptions options, Loaded loaded)
      : options_(std::move(options)),
        config_(std::move(loaded.config)),
        models_(std::move(loaded.models)),
        metrics_(kVersion, kCommit),
        workers_(std::in_place, kWorkers) {}

  Status Start();
  int Serve();

 private:
  void Tick();
  void OnSignal(int signal);
  void OnStop();
  void Reload();
  Status WriteReadyFile() const;

  const AppOptions options_;
  Config config_;
  std::shared_ptr<ModelSet> models_;
  Clock& clock_ = Clock::Real();
  const WallTime started_at_ = Clock::Real().Now();

  // In the order in which they are built; destroyed in reverse.
  boost::asio::io_context io_;
  std::optional<boost::asio::signal_set> signals_;
  std::optional<boost::asio::steady_timer> timer_;
  Metrics metrics_;
  std::unique_ptr<Ledger> ledger_;
  std::optional<BudgetKeeper> budgets_;
  std::optional<ThreadPool> workers_;
  std::unique_ptr<AppConnectors> connectors_;
  std::optional<RunServices> services_;
  std::unique_ptr<Supervisor> supervisor_;
  std::unique_ptr<ControlServer> control_;
  std::unique_ptr<HttpServer> http_;

  bool stopping_ = false;
  bool hard_ = false;
  MonoTime stop_by_{};
  int exit_ = kExitOk;
};

Status App::Start() {
  ASSIGN_OR_RETURN(const Uri ledger_uri, ParseUri(config_.ledger.url));
  ASSIGN_OR_RETURN(ledger_, OpenLedger(ledger_uri, clock_, Rng::Real()));
  ASSIGN_OR_RETURN(const int64_t unknown, ledger_->SettleOpenRequests(clock_.Now()));
  if (unknown > 0) {
    LogWarn("requests were in flight when the daemon last stopped; they count at their estimate",
            {{"requests", unknown}});
  }
  budgets_.emplace(*ledger_, clock_);
  RETURN_IF_ERROR(budgets_->SetRules(RulesOf(config_.budgets)));
  connectors_ = std::make_unique<AppConnectors>(
      AppConnectors::Parts{*ledger_, *budgets_, clock_, Rng::Real(), metrics_}, models_);
  services_.emplace(
      RunServices{*ledger_, *connectors_, *workers_, clock_, Rng::Real(), metrics_, TempFolder()});
  supervisor_ = std::make_unique<Supervisor>(*services_);
  metrics_.SetRefresh([this](Metrics& metrics) {
    supervisor_->ShowGauges(metrics);
    for (const BudgetState& budget : budgets_->States()) {
      const bool day = budget.rule.period == BudgetRule::Period::kDay;
      metrics.SetBudget(budget.Scope(), day ? "day" : "month",
                        static_cast<double>(budget.spent) /
                            static_cast<double>(std::max<NanoUsd>(1, budget.rule.limit)));
    }
  });

  const auto context = [this] {
    return PipelineContext{MakeConfigChecks(connectors_->models()),
                           connectors_->models()->configured};
  };
  ControlParts parts{*supervisor_,
                     *ledger_,
                     *budgets_,
                     clock_,
                     kVersion,
                     kCommit,
                     started_at_,
                     [context](const std::string& file, const std::string& text) {
                       return ParsePipeline(file, text, context());
                     },
                     [context](PipelineSpec& spec) { return CheckPipeline(spec, context()); },
                     [this] { return connectors_->ListModels(); }};
  ASSIGN_OR_RETURN(control_, ControlServer::Start(config_.server.grpc_listen, parts));
  const auto ready = [this]() -> Status {
    if (supervisor_->stopping()) return Unavailable("stopping");
    return ledger_->Ping();
  };
  ASSIGN_OR_RETURN(http_, HttpServer::Start(config_.server.http_listen,
                                            DaemonRoutes(metrics_, ready, kVersion)));
  RETURN_IF_ERROR(supervisor_->Load());
  RETURN_IF_ERROR(supervisor_->ApplyConfig(config_.pipelines));
  return WriteReadyFile();
}

Status App::WriteReadyFile() const {
  const std::string& listen = config_.server.grpc_listen;
  const std::string grpc =
      fmt::format("{}:{}", listen.substr(0, listen.rfind(':')), control_->port());
  LogInfo("serving", {{"version", kVersion},
                      {"grpc", grpc},
                      {"http", http_->address()},
                      {"ledger", ParseUri(config_.ledger.url)->ToString()},
                      {"pipelines", supervisor_->List().size()}});
  if (options_.ready_file.empty()) return OkStatus();
  return WriteTextFile(options_.ready_file,
                       fmt::format("{{\"pid\":{},\"grpc\":\"{}\",\"http\":\"{}\"}}\n", getpid(),
                                   grpc, http_->address()));
}

void App::Tick() {
  if (!stopping_) {
    supervisor_->Tick();
  } else {
    if (supervisor_->AwaitIdle(Duration::zero())) {
      io_.stop();
      return;
    }
    if (!hard_ && clock_.Mono() >= stop_by_) {
      LogWarn("the grace is over; calls in flight are cancelled");
      hard_ = true;
      supervisor_->Stop(/*hard=*/true);
    }
  }
  timer_->expires_after(stopping_ ? std::chrono::milliseconds(20) : kTick);
  timer_->async_wait([this](const boost::system::error_code& error) {
    if (!error) Tick();
  });
}

void App::OnStop() {
  if (!stopping_) {
    stopping_ = true;
    LogInfo("stopping: finishing the batches in hand",
            {{"grace_secs", config_.server.shutdown_grace_secs}});
    stop_by_ = clock_.Mono() + std::chrono::seconds(config_.server.shutdown_grace_secs);
    control_->Drain();
    supervisor_->Stop(/*hard=*/false);
    timer_->expires_after(Duration::zero());
    return timer_->async_wait([this](const boost::system::error_code& error) {
      if (!error) Tick();
    });
  }
  exit_ = kExitInterrupted;
  if (hard_) return;
  hard_ = true;
  LogWarn("stopping at once");
  supervisor_->Stop(/*hard=*/true);
}

void App::OnSignal(int signal) {
  if (signal == SIGHUP) {
    if (!stopping_) Reload();
  } else {
    OnStop();
  }
  signals_->async_wait([this](const boost::system::error_code& error, int next) {
    if (!error) OnSignal(next);
  });
}

void App::Reload() {
  if (options_.config_path.empty())
    return LogInfo("nothing to reload: there is no configuration file");
  Problems problems;
  Loaded loaded = LoadAll(options_.config_path, models_->ratios, problems);
  if (!problems.empty()) {
    return LogError("the new configuration is wrong; the old one stays",
                    {{"problems", problems.Lines()}});
  }
  if (loaded.config.server != config_.server || loaded.config.ledger != config_.ledger) {
    LogWarn("changes of server and ledger need a restart");
  }
  SetUpLog(loaded.config.log.level, loaded.config.log.format);
  models_ = loaded.models;
  connectors_->SetModels(loaded.models);
  Status status = budgets_->SetRules(RulesOf(loaded.config.budgets));
  if (status.ok()) status = supervisor_->ApplyConfig(loaded.config.pipelines);
  if (!status.ok()) return LogError("applying the new configuration", {{"error", Message(status)}});
  config_.pipelines = std::move(loaded.config.pipelines);
  config_.budgets = std::move(loaded.config.budgets);
  LogInfo("configuration reloaded", {{"pipelines", config_.pipelines.size()}});
}

int App::Serve() {
  signals_.emplace(io_, SIGINT, SIGTERM, SIGHUP);
  signals_->async_wait([this](const boost::system::error_code& error, int signal) {
    if (!error) OnSignal(signal);
  });
  timer_.emplace(io_);
  Tick();
  io_.run();
  // Whatever hangs from here on does not hold the process.
  std::thread([] {
    std::this_thread::sleep_for(kHardStopTime);
    _exit(kExitInterrupted);
  }).detach();
  control_->Stop(std::chrono::seconds(1));
  http_.reset();
  LogInfo("stopped");
  return exit_;
}

}  // namespace

int RunApp(const AppOptions& options) {
  Problems problems;
  Loaded loaded = LoadAll(options.config_path, std::make_shared<TokenRatios>(), problems);
  if (!problems.empty()) {
    std::cerr << problems.Report() << "\n";
    return kExitConfiguration;
  }
  SetUpLog(loaded.config.log.level, loaded.config.log.format);
  signal(SIGPIPE, SIG_IGN);
  App app(options, std::move(loaded));
  if (const Status started = app.Start(); !started.ok()) {
    std::cerr << "driftd: " << Message(started) << "\n";
    return StartupExit(started);
  }
  return app.Serve();
}

int ValidateConfig(const std::string& path) {
  Problems problems;
  LoadAll(path, std::make_shared<TokenRatios>(), problems);
  if (problems.empty()) {
    std::cout << path << ": ok\n";
    return kExitOk;
  }
  std::cerr << problems.Report() << "\n";
  return kExitUsage;
}

}  // namespace drift
