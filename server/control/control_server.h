// The control API's server.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "core/ledger.h"
#include "core/spec.h"
#include "drift/v1/model.pb.h"
#include "pipeline/budget_keeper.h"
#include "pipeline/supervisor.h"

namespace drift {

// What the services work with; all outlive the server.
struct ControlParts {
  Supervisor& supervisor;
  Ledger& ledger;
  BudgetKeeper& budgets;
  Clock& clock;
  std::string version;
  std::string commit;
  WallTime started_at;
  // One pipeline as YAML text; kInvalidArgument: one line per mistake, with places.
  std::function<StatusOr<PipelineSpec>(const std::string& file, const std::string& text)>
      parse_yaml;
  // A pipeline that came as a message: checked like one from YAML.
  std::function<Status(PipelineSpec& spec)> check_spec;
  std::function<std::vector<v1::Model>()> list_models;
};

class ControlServer {
 public:
  // Listens at `address` (HOST:PORT; port 0: any free one). kUnavailable: the port is taken.
  static StatusOr<std::unique_ptr<ControlServer>> Start(const std::string& address,
                                                        const ControlParts& parts);
  ~ControlServer();

  int port() const;
  // Health answers NOT_SERVING; calls go on.
  void Drain();
  // Ends all calls, waiting `grace` for those that go.
  void Stop(Duration grace);

 private:
  struct Impl;
  explicit ControlServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace drift
