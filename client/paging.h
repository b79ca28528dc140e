// Reading lists to their end.
#pragma once

#include <algorithm>
#include <cstdint>

#include "client/session.h"

namespace drift::client {

inline constexpr int32_t kNoLimit = 0;

// Calls a paged List until its last page, or until there are `limit` elements. They gather in
// `items`, a list of `all`; whose next_page_token tells where it goes on, if it does.
template <typename Service, typename Request, typename Response, typename Items>
grpc::Status ListAll(Session& session,
                     grpc::Status (Service::StubInterface::*method)(grpc::ClientContext*,
                                                                    const Request&, Response*),
                     Request request, Response& all, Items* items, int32_t limit = kNoLimit) {
  constexpr int32_t kPage = 1000;
  for (;;) {
    const int32_t missing = limit == kNoLimit ? kPage : limit - items->size();
    request.set_page_size(std::min(kPage, missing));
    Response page;
    const grpc::Status status = session.Call<Service>(method, request, &page);
    if (!status.ok()) return status;
    const std::string token = page.next_page_token();
    const int before = items->size();
    all.MergeFrom(page);
    all.set_next_page_token(token);
    const bool full = limit != kNoLimit && items->size() >= limit;
    if (token.empty() || full || items->size() == before) return {};
    request.set_page_token(token);
  }
}

}  // namespace drift::client
