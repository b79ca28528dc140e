// The columns of a pipeline in the schemas of a table: are they there, may they be keys, and what
// were they called at an older version.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "core/source.h"
#include "sources/delta/kernel_table.h"

namespace drift::delta {

// Types whose values keep their canonical text when a column goes from one to the other share a
// class: "integer" (byte to long), "decimal" (any precision), "string", "double", ... Empty:
// nested, or another type that no key can have.
std::string_view TypeClass(std::string_view delta_type);

// Keys first, then the others; a name given twice stays twice.
std::vector<std::string> AllColumns(const Projection& projection);

// OK if `latest` has every column and its keys are of a simple type. kFailedPrecondition
// COLUMN_MISSING: says renamed to what, or dropped, as far as `before` (the table at the cursor;
// may be null) tells; else names the columns there are. kInvalidArgument: a key of a nested type.
Status CheckColumns(std::string_view table, const TableInfo& latest, const Projection& projection,
                    const TableInfo* before);

// For each of AllColumns(), named as in `latest`: its name in `window`, which may be older or have
// other names; empty where it did not exist, which reads as NULL.
// REQUIRES: CheckColumns() of `latest` is OK.
std::vector<std::string> MapColumns(const TableInfo& window, const TableInfo& latest,
                                    const Projection& projection);

// Key column (as in the projection) → class of its type in `window`; without those that do not
// exist there. `names` is MapColumns() of it.
std::map<std::string, std::string> KeyClasses(const TableInfo& window,
                                              const std::vector<std::string>& names,
                                              const Projection& projection);

// kFailedPrecondition KEY_TYPE_CHANGED if a key is of another class than in `before`.
Status CheckKeyClasses(std::string_view table, const std::map<std::string, std::string>& before,
                       const std::map<std::string, std::string>& now, int64_t version);

}  // namespace drift::delta
