// Stand-ins for what the registries know, for tests of configuration alone.
#pragma once

#include "config/checks.h"

namespace drift {

ConfigChecks TestChecks();

}  // namespace drift
