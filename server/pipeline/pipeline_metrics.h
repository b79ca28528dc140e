// What the pipeline tells the metrics.
#pragma once

#include <chrono>
#include <string>

#include "core/ledger_types.h"
#include "core/spec.h"
#include "base/status.h"

namespace drift {

struct Effects;

// Safe for concurrent use; never blocks.
class PipelineMetrics {
 public:
  virtual ~PipelineMetrics() = default;
  virtual void BatchCommitted(const PipelineSpec& spec, const Effects& effects) = 0;
};

}  // namespace drift
