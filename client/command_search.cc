#include <fmt/core.h>

#include <ostream>

#include "client/commands.h"
#include "client/format.h"
#include "client/table.h"
#include "drift/v1/search.grpc.pb.h"

namespace drift::client {
namespace {

using drift::v1::SearchHit;
using drift::v1::SearchService;

constexpr size_t kLeastShown = 12;

std::string PayloadText(const SearchHit& hit, const std::string& column) {
  const auto found = hit.payload().fields().find(column);
  return found == hit.payload().fields().end() ? "" : ValueText(found->second);
}

// Which chunk, when a row may have several.
std::string KeyText(const SearchHit& hit) {
  return hit.chunk() == 0 ? hit.key() : fmt::format("{} #{}", hit.key(), hit.chunk());
}

void PrintHits(Session& session, const drift::v1::SearchResponse& response) {
  bool with_text = false;
  for (const SearchHit& hit : response.hits()) with_text = with_text || !hit.text().empty();
  std::vector<Column> columns = {{.name = "", .align = Align::kRight},
                                 {.name = "", .least = kLeastShown, .cut = Cut::kMiddle}};
  int spare = 0;
  for (int i = 0; i < response.payload_columns_size(); ++i) {
    columns.push_back({.name = "", .least = kLeastShown, .spare = ++spare});
  }
  if (with_text) columns.push_back({.name = "", .least = kLeastShown, .spare = ++spare});
  Table table(columns);
  for (const SearchHit& hit : response.hits()) {
    std::vector<Cell> row = {{fmt::format("  {:.2f}", hit.score())}, {KeyText(hit)}};
    for (const std::string& column : response.payload_columns()) {
      row.emplace_back(PayloadText(hit, column));
    }
    if (with_text) row.emplace_back(hit.text());
    table.Add(std::move(row));
  }
  table.Print(session.host().out, session.width(), session.color());
}

}  // namespace

int Search(Session& session, const SearchOptions& options) {
  drift::v1::SearchRequest request;
  request.set_pipeline(options.pipeline);
  request.set_text(options.text);
  request.set_k(options.k);
  for (const std::string& filter : options.filters) {
    const size_t equals = filter.find('=');
    if (equals == std::string::npos || equals == 0) {
      return session.Fail(kExitUsage, fmt::format("--filter {}: write column=value", filter));
    }
    auto& added = *request.add_filters();
    added.set_column(filter.substr(0, equals));
    added.set_value(filter.substr(equals + 1));
  }
  drift::v1::SearchResponse response;
  const grpc::Status status =
      session.Call<SearchService>(&SearchService::StubInterface::Search, request, &response);
  if (!status.ok()) return session.Fail(status);
  if (session.PrintedFor(response)) return kExitDone;
  if (response.hits().empty()) {
    session.Note("no hits");
  } else {
    PrintHits(session, response);
  }
  if (response.cost_usd() > 0)
    session.Note(fmt::format("cost {}", SmallMoney(response.cost_usd())));
  return kExitDone;
}

}  // namespace drift::client
