// The models of this process as they are shown: `driftctl models list`.
#pragma once

#include <vector>

#include "app_connectors.h"
#include "base/clock.h"
#include "drift/v1/model.pb.h"

namespace drift {

// Those of every provider, configured or well known, and those that want a provider first; each
// once, in the order of their names, with why it cannot be used now.
std::vector<v1::Model> DescribeModels(ModelSet& set, Clock& clock);

}  // namespace drift
