// The command line by CLI11 (cli_options.cc and cli_tree.cc see it too).
#include "client/cli.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <ostream>

#include "client/cli_options.h"
#include "client/cli_texts.h"
#include "client/cli_tree.h"
#include "client/commands.h"
#include "client/completion.h"
#include "client/format.h"
#include "client/version.h"

namespace drift::client {
namespace {

// Returns the exit code.
using Command = std::function<int(Session& session)>;

struct Invocation {
  GlobalOptions global;
  Command command;  // empty: nothing is left to do but to return `exit_code`
  int exit_code = kExitDone;
};

class CommandLine {
 public:
  explicit CommandLine(Host& host)
      : host_(host), app_("Keeps vector indexes true to tables.", "driftctl") {
    if (const std::string server = host.environment("DRIFT_SERVER"); !server.empty()) {
      global_.server = server;
    }
    app_.formatter(MakeHelpFormatter());
    AddGlobal();
    AddRun();
    AddPlan();
    AddPipeline();
    AddStatus();
    AddCost();
    AddModels();
    AddProvenance();
    AddSearch();
    AddDeadLetters();
    AddOthers();
    app_.require_subcommand(0, 1);
    for (CLI::App* command : app_.get_subcommands({})) {
      const bool later = std::any_of(std::begin(kLater), std::end(kLater), [&](const Later& one) {
        return command->get_name() == one.name;
      });
      if (!later) FallThrough(command);
    }
  }

  Invocation Parse(const std::vector<std::string>& arguments) {
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    Invocation out;
    try {
      app_.parse(std::move(reversed));
    } catch (const CLI::CallForHelp&) {
      host_.out << app_.help();
      return out;
    } catch (const CLI::CallForVersion&) {
      host_.out << "driftctl " << kVersion << '\n';
      return out;
    } catch (const CLI::ParseError& error) {
      return Mistake(MessageOf(error.what(), app_, arguments));
    }
    if (!mistake_.empty()) return Mistake(mistake_);
    if (!command_ && !done_) return Mistake(IncompleteIn(app_));
    out.global = global_;
    out.command = command_;
    out.exit_code = exit_code_;
    return out;
  }

 private:
  // -- what there is

  CLI::App* Add(CLI::App* parent, const std::string& name, const std::string& help,
                Command command) {
    CLI::App* added = parent->add_subcommand(name, help);
    added->callback([this, added, command = std::move(command)] {
      // The callback of `cost` is called after that of `cost reconcile`.
      if (added->get_subcommands().empty()) command_ = command;
    });
    return added;
  }

  CLI::App* Group(const std::string& name, const std::string& help) {
    return app_.add_subcommand(name, help);
  }

  void Duration(CLI::App* app, const std::string& name, std::chrono::milliseconds& out,
                const std::string& help) {
    app->add_option_function<std::string>(
           name,
           [this, name, &out](const std::string& text) {
             const auto parsed = ParseDuration(text);
             if (parsed && parsed->count() > 0) {
               out = *parsed;
             } else {
               mistake_ =
                   fmt::format("{} {}: write a duration such as 500ms, 10s, 5m, 1h30m", name, text);
             }
           },
           help)
        ->type_name("DURATION");
  }

  void AddGlobal() {
    app_.set_help_flag("-h,--help", "Print this help");
    app_.set_version_flag("--version", std::string("driftctl ") + kVersion,
                          "Print the version of driftctl");
    app_.add_option("--server", global_.server,
                    "The daemon (or DRIFT_SERVER); default 127.0.0.1:7433")
        ->type_name("HOST:PORT");
    app_.add_option("-o,--output", output_, "How to print; csv for lists")
        ->check(CLI::IsMember({"table", "json", "yaml", "csv"}))
        ->type_name("table|json|yaml|csv");
    Duration(&app_, "--timeout", timeout_, "Give up after this long; default 30s for short calls");
    app_.add_flag("--no-color", global_.no_color, "No colours (or NO_COLOR)");
    app_.add_flag("-q,--quiet", global_.quiet, "Results and errors only");
    app_.parse_complete_callback([this] {
      const std::map<std::string, Output> outputs = {{"table", Output::kTable},
                                                     {"json", Output::kJson},
                                                     {"yaml", Output::kYaml},
                                                     {"csv", Output::kCsv}};
      global_.output = outputs.at(output_);
      if (timeout_.count() > 0) global_.timeout = timeout_;
    });
  }

  void AddRun() {
    CLI::App* run = Group("run", "Start, list and cancel runs");
    CLI::App* embed = Add(run, "embed", "Embed the whole table, then the changes since",
                          [this](Session& session) { return RunStart(session, embed_); });
    AddSelector(embed, embed_.selector);
    embed->add_flag("--detach", embed_.detach, "Print the run's id and do not wait");
    embed->footer(kRunFooter);

    watch_.watch = true;
    CLI::App* watch = Add(run, "watch", "Catch up once with what changed since the last run",
                          [this](Session& session) { return RunStart(session, watch_); });
    AddSelector(watch, watch_.selector);
    CLI::Option* detach =
        watch->add_flag("--detach", watch_.detach, "Print the run's id and do not wait");
    watch->add_flag("--follow", watch_.follow, "Stay, and print each later catch-up")
        ->excludes(detach);
    Duration(watch, "--every", watch_.every, "With --follow: how often to look; default 5s");
    watch->footer(kRunFooter);

    CLI::App* list = Add(run, "list", "Runs, newest first",
                         [this](Session& session) { return RunList(session, run_list_); });
    list->add_option("--pipeline", run_list_.pipeline, "Of this pipeline only")->type_name("NAME");
    list->add_option("--limit", run_list_.limit, "So many; default 20")
        ->check(Whole(1))
        ->type_name("N");

    AddOfOne(run, "get", "One run", "ID", RunGet);
    AddOfOne(run, "cancel", "End a run after the batch in hand", "ID", RunCancel);
  }

  // A command on one thing, named by its only argument.
  void AddOfOne(CLI::App* parent, const std::string& name, const std::string& help,
                const std::string& what, int (*run)(Session&, const std::string&)) {
    CLI::App* command =
        Add(parent, name, help, [this, run](Session& session) { return run(session, name_); });
    command->add_option(what, name_)->required();
  }

  void AddPlan() {
    CLI::App* plan = Add(&app_, "plan", "What a run would do and cost; changes nothing",
                         [this](Session& session) { return ShowPlan(session, plan_); });
    AddSelector(plan, plan_.selector);
    plan->add_flag("--watch", plan_.watch, "Of `run watch`, instead of `run embed`");
  }

  void AddPipeline() {
    CLI::App* pipeline = Group("pipeline", "Declare, pause and delete pipelines");
    Add(pipeline, "list", "All pipelines", PipelineList);
    AddOfOne(pipeline, "get", "One pipeline", "NAME", PipelineGet);
    CLI::App* apply = Add(pipeline, "apply", "Create or change a pipeline from a YAML file",
                          [this](Session& session) { return PipelineApply(session, apply_); });
    apply->add_option("-f,--file", apply_.file, "The file; - for standard input")
        ->required()
        ->type_name("FILE");
    apply->add_flag("--dry-run", apply_.dry_run, "Check only");
    AddOfOne(pipeline, "pause", "No runs by schedule until it is resumed", "NAME", PipelinePause);
    AddOfOne(pipeline, "resume", "Take a pause back", "NAME", PipelineResume);
    CLI::App* remove =
        Add(pipeline, "delete", "Forget a pipeline; its points stay",
            [this](Session& session) { return PipelineDelete(session, name_, drop_index_); });
    remove->add_option("NAME", name_)->required();
    remove->add_flag("--drop-index", drop_index_, "Remove its points from the sink too");
  }

  void AddStatus() {
    CLI::App* status = Add(&app_, "status", "How each pipeline is, and what to do if it is paused",
                           [this](Session& session) { return ShowStatus(session, status_); });
    status->add_option("--pipeline", status_.pipeline, "This one, with its last runs")
        ->type_name("NAME");
    status->add_option("--sink", status_.sink, "Those that write there, with their last runs")
        ->type_name("URI");
    status->add_option("--limit", status_.limit, "So many of the last runs of each; default 5")
        ->check(Whole(0, 100))
        ->type_name("N");
  }

  void AddCost() {
    CLI::App* cost = Add(&app_, "cost", "What was spent",
                         [this](Session& session) { return ShowCost(session, cost_); });
    cost->add_option("--by", cost_.by, "Grouped by; default model")
        ->check(CLI::IsMember({"model", "pipeline", "provider", "day", "run"}))
        ->type_name("model|pipeline|provider|day|run");
    cost->add_option("--since", cost_.since, "From then on: 2026-11-20, a time, or 7d ago")
        ->type_name("TIME");
    cost->add_option("--until", cost_.until, "Before then")->type_name("TIME");
    cost->add_option("--pipeline", cost_.pipeline, "Of this pipeline only")->type_name("NAME");
    cost->add_option("--provider", cost_.provider, "Of this provider only")->type_name("NAME");
    CLI::App* reconcile =
        Add(cost, "reconcile", "Compare the ledger with a provider's usage export",
            [this](Session& session) { return CostReconcile(session, reconcile_); });
    reconcile->add_option("--file", reconcile_.file, "The export, as JSON; - for standard input")
        ->required()
        ->type_name("FILE");
    reconcile->add_option("--provider", reconcile_.provider, "Whose it is; default openai")
        ->type_name("NAME");
  }

  void AddModels() {
    CLI::App* models = Group("models", "The models the daemon knows");
    CLI::App* list = Add(models, "list", "Dimensions, limits and prices",
                         [this](Session& session) { return ModelsList(session, provider_); });
    list->add_option("--provider", provider_, "Of this provider only")->type_name("NAME");
  }

  void AddProvenance() {
    CLI::App* command =
        Add(&app_, "provenance", "Where a point came from, also after it is gone",
            [this](Session& session) { return ShowProvenance(session, provenance_); });
    CLI::Option* point =
        command->add_option("--point", provenance_.point, "A point by id")->type_name("ID");
    CLI::Option* pipeline =
        command
            ->add_option("--pipeline", provenance_.pipeline, "With --key: a row of this pipeline")
            ->type_name("NAME")
            ->excludes(point);
    CLI::Option* key = command
                           ->add_option("--key", provenance_.key,
                                        "The row's key; a JSON array if it has several columns")
                           ->needs(pipeline);
    pipeline->needs(key);
    command->callback([this] {
      if (provenance_.point.empty() && provenance_.pipeline.empty()) {
        mistake_ = "say which: --point ID, or --pipeline P --key K";
      }
      command_ = [this](Session& session) { return ShowProvenance(session, provenance_); };
    });
  }

  void AddSearch() {
    CLI::App* search = Add(&app_, "search", "Nearest points of a text",
                           [this](Session& session) { return Search(session, search_); });
    search->add_option("--pipeline", search_.pipeline, "Whose index")
        ->required()
        ->type_name("NAME");
    search->add_option("TEXT", search_.text, "What to look for")->required();
    search->add_option("-k", search_.k, "So many hits; default 5")
        ->check(Whole(1, 1000))
        ->type_name("N");
    search->add_option("--filter", search_.filters, "Payload column equals value; may be repeated")
        ->allow_extra_args(false)
        ->type_name("COLUMN=VALUE");
  }

  void AddDeadLetters() {
    CLI::App* group = Group("dead-letters", "Rows that could not be embedded");
    CLI::App* list = Add(group, "list", "Open ones",
                         [this](Session& session) { return DeadLettersList(session, letters_); });
    AddFilter(list, letters_);
    list->add_option("--limit", letters_.limit, "So many; default 100")
        ->check(Whole(1))
        ->type_name("N");
    CLI::App* get = Add(group, "get", "One of them", [this](Session& session) {
      return DeadLettersGet(session, letters_.ids.at(0));
    });
    get->add_option("ID", letters_.ids)->required()->expected(1)->type_name("");
    CLI::App* replay =
        Add(group, "replay", "Read the rows again and embed them",
            [this](Session& session) { return DeadLettersReplay(session, letters_); });
    CLI::App* discard = Add(group, "discard", "Close them for good", [this](Session& session) {
      return DeadLettersDiscard(session, letters_);
    });
    for (CLI::App* command : {replay, discard}) {
      command->add_option("ID", letters_.ids, "These; or by the options below");
      AddFilter(command, letters_);
    }
    replay->add_flag("--detach", letters_.detach, "Print the run's id and do not wait");
  }

  void AddOthers() {
    Add(&app_, "version", "Versions of driftctl and of the daemon", ShowVersion);
    CLI::App* completion = app_.add_subcommand("completion", "A script for your shell");
    completion->add_option("SHELL", shell_)
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}))
        ->type_name("bash|zsh|fish");
    completion->callback([this] {
      host_.out << CompletionScript(shell_, TreeOf(app_));
      done_ = true;
    });
    for (const Later& later : kLater) {
      CLI::App* command = app_.add_subcommand(later.name, later.help);
      command->allow_extras();
      command->callback([this, &later] {
        host_.err << "error: " << later.sentence << '\n';
        done_ = true;
        exit_code_ = kExitFailed;
      });
    }
  }

  // Options of driftctl itself may stand anywhere.
  static void FallThrough(CLI::App* command) {
    command->fallthrough();
    for (CLI::App* child : command->get_subcommands({})) FallThrough(child);
  }

  // -- what is wrong

  Invocation Mistake(const std::string& message) {
    host_.err << fmt::format("error: {}{} See: {} --help\n", message,
                             message.ends_with('?') ? "" : ".", PathOf(DeepestOf(app_)));
    return Invocation{.global = global_, .command = nullptr, .exit_code = kExitUsage};
  }

  Host& host_;
  CLI::App app_;
  GlobalOptions global_;
  std::string output_ = "table";
  std::chrono::milliseconds timeout_{0};

  RunOptions embed_;
  RunOptions watch_;
  RunListOptions run_list_;
  PlanOptions plan_;
  PipelineApplyOptions apply_;
  StatusOptions status_;
  CostOptions cost_;
  ReconcileOptions reconcile_;
  ProvenanceOptions provenance_;
  SearchOptions search_;
  DeadLetterOptions letters_;
  std::string name_;
  std::string provider_;
  std::string shell_;
  bool drop_index_ = false;

  Command command_;
  bool done_ = false;
  int exit_code_ = kExitDone;
  std::string mistake_;
};

}  // namespace

int Main(const std::vector<std::string>& arguments, Host& host) {
  CommandLine command_line(host);
  const Invocation invocation = command_line.Parse(arguments);
  if (!invocation.command) return invocation.exit_code;
  Session session(invocation.global, host);
  return invocation.command(session);
}

}  // namespace drift::client
