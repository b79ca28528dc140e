#include "tests/fakes/fake_sink.h"

#include <algorithm>

#include "sinks/checked_batch.h"
#include "sinks/match.h"
#include "sinks/nearest.h"

namespace drift::testing {

std::map<Uuid, FakeStore::Stored> FakeStore::Points(const std::string& collection) {
  MutexLock lock(mu_);
  const auto found = collections_.find(collection);
  return found == collections_.end() ? std::map<Uuid, Stored>() : found->second.points;
}

std::optional<CollectionStamp> FakeStore::Stamp(const std::string& collection) {
  MutexLock lock(mu_);
  const auto found = collections_.find(collection);
  if (found == collections_.end()) return std::nullopt;
  return found->second.stamp;
}

bool FakeStore::Indexed(const std::string& collection) {
  MutexLock lock(mu_);
  const auto found = collections_.find(collection);
  return found != collections_.end() && found->second.indexed;
}

void FakeStore::Lose(const std::string& collection) {
  MutexLock lock(mu_);
  collections_.erase(collection);
}

void FakeStore::SetAway(bool away) {
  MutexLock lock(mu_);
  away_ = away;
}

// -- Misbehaviour and counts ----------------------------------------------------------------------

void FakeSink::Fail(SinkFault fault) {
  MutexLock lock(mu_);
  faults_.push_back(std::move(fault));
}

void FakeSink::Delay(SinkCall call, std::chrono::milliseconds wait) {
  MutexLock lock(mu_);
  behaviour(call).delay = wait;
}

void FakeSink::Hold(SinkCall call) {
  MutexLock lock(mu_);
  behaviour(call).held = true;
}

void FakeSink::Release(SinkCall call) {
  MutexLock lock(mu_);
  behaviour(call).held = false;
  changed_.notify_all();
}

void FakeSink::AwaitHeld(SinkCall call) {
  std::unique_lock lock(mu_);
  changed_.wait(lock, [&] { return behaviour(call).waiting > 0; });
}

void FakeSink::RejectKeys(std::string containing) {
  MutexLock lock(mu_);
  rejected_keys_ = std::move(containing);
}

int FakeSink::calls(SinkCall call) {
  MutexLock lock(mu_);
  return behaviour(call).calls;
}

int64_t FakeSink::points_asked() {
  MutexLock lock(mu_);
  return points_asked_;
}

int64_t FakeSink::points_applied() {
  MutexLock lock(mu_);
  return points_applied_;
}

int64_t FakeSink::deletions_asked() {
  MutexLock lock(mu_);
  return deletions_asked_;
}

int FakeSink::most_writes_at_once() {
  MutexLock lock(mu_);
  return most_writes_;
}

StatusOr<std::optional<SinkFault>> FakeSink::Begin(SinkCall call, const std::stop_token& stop) {
  std::optional<SinkFault> fault;
  {
    std::unique_lock lock(mu_);
    Behaviour& how = behaviour(call);
    ++how.calls;
    ++how.waiting;
    changed_.notify_all();
    changed_.wait(lock, stop, [&how] { return !how.held; });
    if (how.delay.count() > 0) changed_.wait_for(lock, stop, how.delay, [] { return false; });
    --how.waiting;
    const auto due = std::find_if(faults_.begin(), faults_.end(), [call](SinkFault& candidate) {
      return candidate.call == call && candidate.skip-- <= 0 && candidate.times != 0;
    });
    if (due != faults_.end()) {
      if (due->times > 0) --due->times;
      fault = *due;
    }
  }
  if (stop.stop_requested()) return Cancelled("fake sink: cancelled");
  MutexLock lock(store_.mu_);
  if (store_.away_) return Unavailable("fake sink: cannot be reached");
  return fault;
}

Status FakeSink::BeginWhole(SinkCall call, const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const std::optional<SinkFault> fault, Begin(call, stop));
  return fault ? fault->status : OkStatus();
}

Status FakeSink::NoCollection() const {
  return NotFound("fake sink: collection {} does not exist", collection_);
}

bool FakeSink::Rejects(const Point& point) {
  MutexLock lock(mu_);
  return !rejected_keys_.empty() && point.key.find(rejected_keys_) != std::string::npos;
}

// -- Sink -----------------------------------------------------------------------------------------

StatusOr<CollectionInfo> FakeSink::Describe(std::stop_token stop) {
  RETURN_IF_ERROR(BeginWhole(SinkCall::kDescribe, stop));
  MutexLock lock(store_.mu_);
  CollectionInfo info;
  const auto found = store_.collections_.find(collection_);
  if (found == store_.collections_.end()) return info;
  info.exists = true;
  info.stamp = found->second.stamp;
  info.dimensions = found->second.stamp.dimensions;
  info.points = static_cast<int64_t>(found->second.points.size());
  return info;
}

StatusOr<SourcePoints> FakeSink::DescribeSource(const std::string& source, std::stop_token stop) {
  RETURN_IF_ERROR(BeginWhole(SinkCall::kDescribeSource, stop));
  MutexLock lock(store_.mu_);
  const auto found = store_.collections_.find(collection_);
  if (found == store_.collections_.end()) return NoCollection();
  SourcePoints out;
  for (const auto& [id, stored] : found->second.points) {
    if (stored.source != source) continue;
    ++out.points;
    out.max_revision = std::max(out.max_revision, stored.point.guard.revision);
  }
  return out;
}

StatusOr<bool> FakeSink::Prepare(const CollectionSpec& spec, std::stop_token stop) {
  RETURN_IF_ERROR(BeginWhole(SinkCall::kPrepare, stop));
  MutexLock lock(store_.mu_);
  const auto [entry, created] = store_.collections_.try_emplace(collection_);
  FakeStore::Collection& collection = entry->second;
  if (created) {
    collection.stamp = spec.stamp;
    collection.indexed = !spec.bulk_load;
  }
  CollectionInfo info;
  info.exists = true;
  info.stamp = collection.stamp;
  info.dimensions = collection.stamp.dimensions;
  RETURN_IF_ERROR(CheckCompatible(collection_, info, spec.stamp));
  collection.stamp.sources[spec.source] = spec.owner;
  return created;
}

void FakeSink::Apply(const PointBatch& batch, const std::vector<size_t>& indexes, size_t most) {
  int64_t applied = 0;
  {
    MutexLock lock(store_.mu_);
    auto& points = store_.collections_[collection_].points;
    for (const size_t index : std::span(indexes).first(std::min(most, indexes.size()))) {
      const Point& point = batch.points[index];
      const auto [entry, is_new] = points.try_emplace(point.id);
      if (!is_new && entry->second.point.guard > point.guard) continue;
      entry->second = {batch.source, point};
      entry->second.point.vector = point.vector.Clone();
      ++applied;
    }
  }
  MutexLock lock(mu_);
  points_applied_ += applied;
}

StatusOr<std::vector<ItemError>> FakeSink::Write(const PointBatch& batch, std::stop_token stop) {
  {
    MutexLock lock(mu_);
    points_asked_ += static_cast<int64_t>(batch.points.size());
    most_writes_ = std::max(most_writes_, ++writes_now_);
  }
  const auto fault = Begin(SinkCall::kWrite, stop);
  {
    MutexLock lock(mu_);
    --writes_now_;
  }
  if (!fault.ok()) return fault.status();
  const auto stamp = store_.Stamp(collection_);
  if (!stamp) return NoCollection();
  CheckedBatch checked = CheckBatch(batch.points, {.dimensions = stamp->dimensions});
  std::erase_if(checked.indexes, [&](size_t index) {
    if (!Rejects(batch.points[index])) return false;
    checked.errors.push_back({index, InvalidArgument("fake sink: the key is refused")});
    return true;
  });
  Apply(batch, checked.indexes, *fault ? (*fault)->applied : kAllItems);
  if (*fault) return (*fault)->status;
  return std::move(checked.errors);
}

Status FakeSink::Delete(std::span<const Deletion> deletions, std::stop_token stop) {
  {
    MutexLock lock(mu_);
    deletions_asked_ += static_cast<int64_t>(deletions.size());
  }
  ASSIGN_OR_RETURN(const std::optional<SinkFault> fault, Begin(SinkCall::kDelete, stop));
  MutexLock lock(store_.mu_);
  const auto found = store_.collections_.find(collection_);
  if (found == store_.collections_.end()) return NoCollection();
  auto& points = found->second.points;
  const size_t most = fault ? std::min(fault->applied, deletions.size()) : deletions.size();
  for (const Deletion& deletion : deletions.first(most)) {
    const auto point = points.find(deletion.id);
    if (point != points.end() && point->second.point.guard <= deletion.guard) points.erase(point);
  }
  return fault ? fault->status : OkStatus();
}

StatusOr<std::vector<Point>> FakeSink::Read(std::span<const Uuid> ids, bool with_vectors,
                                            std::stop_token stop) {
  RETURN_IF_ERROR(BeginWhole(SinkCall::kRead, stop));
  MutexLock lock(store_.mu_);
  const auto found = store_.collections_.find(collection_);
  if (found == store_.collections_.end()) return NoCollection();
  std::vector<Point> out;
  for (const Uuid& id : ids) {
    const auto point = found->second.points.find(id);
    if (point == found->second.points.end()) continue;
    out.push_back(point->second.point);
    if (!with_vectors) out.back().vector = {};
  }
  return out;
}

StatusOr<std::vector<Hit>> FakeSink::Search(const std::string& source, const Vector& query,
                                            size_t k, const SearchFilter& filter,
                                            std::stop_token stop) {
  RETURN_IF_ERROR(BeginWhole(SinkCall::kSearch, stop));
  MutexLock lock(store_.mu_);
  const auto found = store_.collections_.find(collection_);
  if (found == store_.collections_.end()) return NoCollection();
  RETURN_IF_ERROR(CheckQuery(query, found->second.stamp.dimensions));
  const CosineTo cosine(query.values());
  TopK<const Point*> best(k);
  for (const auto& [id, stored] : found->second.points) {
    if (stored.source != source) continue;
    const float score = cosine(stored.point.vector.values().data());
    if (best.Wants(score) && Matches(stored.point.payload, filter)) {
      best.Add(score, &stored.point);
    }
  }
  std::vector<Hit> out;
  for (const auto& [score, point] : best.Take()) {
    out.push_back({score, *point});
    out.back().point.vector = {};
  }
  return out;
}

StatusOr<std::vector<PointHead>> FakeSink::List(const std::string& source,
                                                std::optional<Uuid> after, size_t limit,
                                                std::stop_token stop) {
  RETURN_IF_ERROR(BeginWhole(SinkCall::kList, stop));
  MutexLock lock(store_.mu_);
  const auto found = store_.collections_.find(collection_);
  if (found == store_.collections_.end()) return NoCollection();
  const auto& points = found->second.points;
  std::vector<PointHead> out;
  for (auto it = after ? points.upper_bound(*after) : points.begin();
       it != points.end() && out.size() < limit; ++it) {
    const Point& point = it->second.point;
    if (it->second.source != source) continue;
    out.push_back({point.id, point.key, point.chunk, point.guard, point.model, point.text_sha256});
  }
  return out;
}

StatusOr<int64_t> FakeSink::Sweep(const std::string& source, int32_t below_revision,
                                  std::stop_token stop) {
  RETURN_IF_ERROR(BeginWhole(SinkCall::kSweep, stop));
  MutexLock lock(store_.mu_);
  const auto found = store_.collections_.find(collection_);
  if (found == store_.collections_.end()) return NoCollection();
  return static_cast<int64_t>(std::erase_if(found->second.points, [&](const auto& entry) {
    return entry.second.source == source && entry.second.point.guard.revision < below_revision;
  }));
}

Status FakeSink::Drop(const std::string& source, std::stop_token stop) {
  RETURN_IF_ERROR(BeginWhole(SinkCall::kDrop, stop));
  MutexLock lock(store_.mu_);
  const auto found = store_.collections_.find(collection_);
  if (found == store_.collections_.end()) return NoCollection();
  FakeStore::Collection& collection = found->second;
  std::erase_if(collection.points,
                [&](const auto& entry) { return entry.second.source == source; });
  collection.stamp.sources.erase(source);
  if (collection.stamp.sources.empty() && collection.points.empty()) {
    store_.collections_.erase(found);
  }
  return OkStatus();
}

Status FakeSink::BuildIndex(std::stop_token stop) {
  RETURN_IF_ERROR(BeginWhole(SinkCall::kBuildIndex, stop));
  MutexLock lock(store_.mu_);
  const auto found = store_.collections_.find(collection_);
  if (found == store_.collections_.end()) return NoCollection();
  found->second.indexed = true;
  return OkStatus();
}

}  // namespace drift::testing
