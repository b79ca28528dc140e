#include <fmt/core.h>

#include <algorithm>
#include <ostream>
#include <utility>
#include <vector>

#include "client/commands.h"
#include "client/format.h"
#include "client/paging.h"
#include "client/table.h"
#include "drift/v1/model.grpc.pb.h"

namespace drift::client {
namespace {

using drift::v1::Model;
using drift::v1::ModelService;

std::string DimensionsText(const Model& model) {
  if (model.dimensions_max() > 0) {
    const std::string range =
        fmt::format("{}-{}", std::max(model.dimensions_min(), 1), model.dimensions_max());
    return model.dimensions() > 0 ? fmt::format("{} ({})", model.dimensions(), range) : range;
  }
  std::string others;
  for (const int32_t other : model.other_dimensions()) {
    others += fmt::format("{}{}", others.empty() ? "" : ", ", other);
  }
  const std::string own = model.dimensions() > 0 ? fmt::format("{}", model.dimensions()) : "any";
  return others.empty() ? own : fmt::format("{} ({})", own, others);
}

std::string LimitText(int64_t limit) {
  return limit > 0 ? Count(limit) : "-";
}

std::string PriceText(const Model& model) {
  if (!model.price_known()) return "unknown";
  if (model.usd_per_million_tokens() == 0) return "free";
  return Money(model.usd_per_million_tokens());
}

// One line for each reason: a missing key is missing for all models of its provider.
void SayWhatIsMissing(Session& session, const drift::v1::ListModelsResponse& all) {
  std::vector<std::pair<std::string, std::vector<std::string>>> models;  // by reason
  for (const Model& model : all.models()) {
    if (model.unavailable().empty()) continue;
    auto found = std::find_if(models.begin(), models.end(), [&](const auto& known) {
      return known.first == model.unavailable();
    });
    if (found == models.end()) found = models.insert(found, {model.unavailable(), {}});
    found->second.push_back(model.model());
  }
  for (const auto& [reason, names] : models) {
    const std::string more = names.size() > 1 ? fmt::format(" and {} more", names.size() - 1) : "";
    session.Note(fmt::format("{}{}: {}", names[0], more, reason));
  }
}

}  // namespace

int ModelsList(Session& session, const std::string& provider) {
  drift::v1::ListModelsRequest request;
  request.set_provider(provider);
  drift::v1::ListModelsResponse all;
  const grpc::Status status = ListAll<ModelService>(session, &ModelService::StubInterface::List,
                                                    request, all, all.mutable_models());
  if (!status.ok()) return session.Fail(status);
  if (session.PrintedFor(all)) return kExitDone;
  Table table({{.name = "MODEL", .least = 20, .cut = Cut::kMiddle},
               {.name = "DIMENSIONS", .least = 10},
               {.name = "TEXT TOKENS", .align = Align::kRight, .spare = 1},
               {.name = "TEXTS/REQUEST", .align = Align::kRight, .spare = 3},
               {.name = "COUNTED", .spare = 4},
               {.name = "USD/M TOKENS", .align = Align::kRight},
               {.name = "SINCE", .spare = 2}});
  for (const Model& model : all.models()) {
    const Tone tone = model.unavailable().empty() ? Tone::kPlain : Tone::kCareful;
    table.Add({{model.model(), tone},
               {DimensionsText(model)},
               {LimitText(model.max_text_tokens())},
               {LimitText(model.max_request_items())},
               {model.tokens_exact() ? "exactly" : "estimated"},
               {PriceText(model)},
               {model.price_since()}});
  }
  table.Print(session.host().out, session.width(), session.color());
  SayWhatIsMissing(session, all);
  return kExitDone;
}

}  // namespace drift::client
