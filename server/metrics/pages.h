// What the daemon answers over HTTP.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "base/status.h"
#include "metrics/http_server.h"
#include "metrics/metrics.h"

namespace drift {

// /metrics, /healthz (the process turns), /readyz and / (version and links).
// `ready` is asked from an answering thread: OK, or why the daemon takes no work (503). It should
// answer within the seconds a probe waits. `metrics` and `ready` must outlive the server.
std::map<std::string, HttpRoute> DaemonRoutes(Metrics& metrics, std::function<Status()> ready,
                                              const std::string& version);

}  // namespace drift
