// From flags to the request.
#pragma once

#include <string>

#include "client/options.h"
#include "drift/v1/common.pb.h"

namespace drift::client {

// A local path made absolute against `working_directory`; addresses with a scheme stay.
std::string AbsoluteTable(const std::string& table, const std::string& working_directory);

// Neither a pipeline nor a flag of one.
bool NamesNothing(const SelectorOptions& options);
inline constexpr char kNameSomething[] =
    "name a pipeline (--pipeline), or describe one (--table, --text-col or --text, --sink)";

drift::v1::RunSelector MakeSelector(const SelectorOptions& options,
                                    const std::string& working_directory);

// "\n", "\t" and "\\" as in the quotes of YAML: shells pass them on as they are.
std::string Unescaped(const std::string& text);

// Random, for requests that may be sent twice.
std::string NewRequestId();

}  // namespace drift::client
