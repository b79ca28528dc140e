// Cancellation, servers that do not answer, restarts, and many callers at once.
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "tests/conformance/sink_suite.h"
#include "tests/support/process.h"

namespace drift::testing {
namespace {

using ::testing::HasSubstr;
using Call = std::function<Status(Sink&, std::stop_token)>;

struct NamedCall {
  const char* name;
  Call call;
};

// Every method, with arguments that would succeed.
std::vector<NamedCall> AllCalls(const CollectionSpec& spec, const Point& point) {
  const auto deletion = Sink::Deletion{point.id, {0, 0}};  // older than what is there
  return {
      {"Describe", [](Sink& sink, auto stop) { return sink.Describe(stop).status(); }},
      {"DescribeSource",
       [](Sink& sink, auto stop) { return sink.DescribeSource("docs", stop).status(); }},
      {"Prepare", [spec](Sink& sink, auto stop) { return sink.Prepare(spec, stop).status(); }},
      {"Write",
       [point](Sink& sink, auto stop) {
         return sink.Write({"docs", {point}}, stop).status();
       }},
      {"Delete",
       [deletion](Sink& sink, auto stop) {
         return sink.Delete({&deletion, 1}, stop);
       }},
      {"Read",
       [point](Sink& sink, auto stop) {
         return sink.Read({&point.id, 1}, true, stop).status();
       }},
      {"Search",
       [point](Sink& sink, auto stop) {
         return sink.Search("docs", point.vector, 3, {}, stop).status();
       }},
      {"List",
       [](Sink& sink, auto stop) { return sink.List("docs", std::nullopt, 5, stop).status(); }},
      {"Sweep", [](Sink& sink, auto stop) { return sink.Sweep("docs", 0, stop).status(); }},
      {"BuildIndex", [](Sink& sink, auto stop) { return sink.BuildIndex(stop); }},
  };
}

// Starts the call, asks it to stop a little later, and returns what it said. How long the call took
// to notice is printed, and kept with the test's result.
Status CallAndStop(const Call& call, Sink& sink, std::string_view name) {
  std::stop_source stop;
  Status status;
  std::atomic<bool> started = false;
  std::jthread caller([&] {
    started = true;
    status = call(sink, stop.get_token());
  });
  while (!started) std::this_thread::yield();
  Clock::Real().Sleep(std::chrono::milliseconds(20), {});
  const MonoTime asked = Clock::Real().Mono();
  stop.request_stop();
  caller.join();
  const auto took =
      std::chrono::duration_cast<std::chrono::milliseconds>(Clock::Real().Mono() - asked);
  fmt::print("  {} returned {} ms after the stop\n", name, took.count());
  ::testing::Test::RecordProperty(std::string(name) + "_cancel_ms", static_cast<int>(took.count()));
  return status;
}

// A port that takes no connection and refuses none: its queue is full.
class BlackHole {
 public:
  BlackHole() {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(listener_, generic, size), 0);
    EXPECT_EQ(listen(listener_, 0), 0);
    getsockname(listener_, generic, &size);
    port_ = ntohs(address.sin_port);
    for (int& filler : fillers_) {
      filler = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      (void)connect(filler, generic, size);
    }
  }
  ~BlackHole() {
    for (const int filler : fillers_) close(filler);
    close(listener_);
  }
  uint16_t port() const { return port_; }

 private:
  int listener_ = -1;
  int fillers_[8] = {};
  uint16_t port_ = 0;
};

TEST_P(SinkSuite, ACallThatIsStoppedBeforehandIsCancelled) {
  const auto sink = Prepared();
  Write(*sink, MakePoints(2));
  std::stop_source stop;
  stop.request_stop();
  for (const auto& [name, call] : AllCalls(Spec("docs"), MakePoint(1))) {
    const Status status = call(*sink, stop.get_token());
    EXPECT_EQ(status.code(), StatusCode::kCancelled) << name << ": " << status;
  }
  EXPECT_EQ(sink->Drop("docs", stop.get_token()).code(), StatusCode::kCancelled);
  EXPECT_EQ(Count(*sink), 2);
}

TEST_P(SinkSuite, CallsToAFrozenServerAreCancelled) {
  if (!store().is_server()) GTEST_SKIP() << "no server";
  const std::string name = FreshName();
  const auto sink = Open(name);
  ASSERT_TRUE(sink->Prepare(Spec("docs"), {}).ok());
  Write(*sink, MakePoints(2));
  store().Freeze();
  for (const auto& [what, call] : AllCalls(Spec("docs"), MakePoint(1))) {
    const Status status = CallAndStop(call, *sink, what);
    EXPECT_EQ(status.code(), StatusCode::kCancelled) << what << ": " << status;
  }
  // A handle without a connection gets none either.
  const Status status =
      CallAndStop(AllCalls(Spec("docs"), MakePoint(1))[0].call, *Open(name), "connecting");
  EXPECT_EQ(status.code(), StatusCode::kCancelled) << status;
  store().Thaw();
  // Cancelled calls may have been carried out; the sink goes on either way.
  Write(*sink, MakePoints(3));
  EXPECT_EQ(Count(*sink), 3);
}

TEST_P(SinkSuite, CallsIntoABlackHoleAreCancelled) {
  BlackHole hole;
  const auto sink = store().OpenAt(hole.port());
  if (sink == nullptr) GTEST_SKIP() << "no server";
  for (const auto& [what, call] : AllCalls(Spec("docs"), MakePoint(1))) {
    const Status status = CallAndStop(call, *sink, what);
    EXPECT_EQ(status.code(), StatusCode::kCancelled) << what << ": " << status;
  }
}

TEST_P(SinkSuite, AnUnreachableServerIsNamed) {
  const uint16_t port = FreePort();
  const auto sink = store().OpenAt(port);
  if (sink == nullptr) GTEST_SKIP() << "no server";
  for (const auto& [what, call] : AllCalls(Spec("docs"), MakePoint(1))) {
    const Status status = call(*sink, {});
    EXPECT_EQ(status.code(), StatusCode::kUnavailable) << what << ": " << status;
    EXPECT_THAT(std::string(Message(status)), HasSubstr(fmt::format("127.0.0.1:{}", port)));
    EXPECT_EQ(std::string(Message(status)).find('\n'), std::string::npos) << status;
  }
}

TEST_P(SinkSuite, AfterARestartOfTheServerTheSinkGoesOn) {
  if (!store().is_server()) GTEST_SKIP() << "no server";
  const auto sink = Prepared();
  Write(*sink, MakePoints(5));
  store().StopServer();
  for (const auto& [what, call] : AllCalls(Spec("docs"), MakePoint(1))) {
    const Status status = call(*sink, {});
    EXPECT_TRUE(IsRetryable(status)) << what << ": " << status;
    EXPECT_EQ(status.code(), StatusCode::kUnavailable) << what << ": " << status;
  }
  store().StartServer();
  // As the pipeline does: the same call until it is carried out, as long as it may be tried again.
  Status status;
  do {
    status = sink->Write({"docs", MakePoints(6)}, {}).status();
  } while (IsRetryable(status) && Clock::Real().Sleep(std::chrono::milliseconds(10), {}));
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(Count(*sink), 6);
  EXPECT_EQ(RunOf(*sink, MakePoint(0).id), MakePoint(0).run_id);
}

TEST_P(SinkSuite, ManyWritersAndTheNewestStays) {
  const std::string name = FreshName();
  ASSERT_TRUE(Open(name)->Prepare(Spec("docs"), {}).ok());
  constexpr int kThreads = 4;
  constexpr int kRounds = 15;
  constexpr int kPoints = 40;
  const auto shared = Open(name);
  std::vector<Status> failures(kThreads);
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        // Half of them share a handle, half have their own.
        const auto own = thread % 2 == 0 ? nullptr : Open(name);
        Sink& sink = own ? *own : *shared;
        for (int round = 0; round < kRounds && failures[thread].ok(); ++round) {
          const int64_t version = (round * 7 + thread * 3) % (kRounds * 2);
          std::vector<Point> points = MakePoints(kPoints, {1, version});
          if (thread % 2 == 0) std::reverse(points.begin(), points.end());
          const auto written = sink.Write({"docs", points}, {});
          failures[thread] = written.status();
          if (written.ok()) continue;
          // A deadlock the server resolved is nobody's fault, and is tried again.
          if (IsRetryable(written.status())) failures[thread] = OkStatus(), --round;
        }
      });
    }
  }
  for (const Status& failure : failures) EXPECT_TRUE(failure.ok()) << failure;
  int64_t newest = 0;
  for (int thread = 0; thread < kThreads; ++thread) {
    for (int round = 0; round < kRounds; ++round) {
      newest = std::max<int64_t>(newest, (round * 7 + thread * 3) % (kRounds * 2));
    }
  }
  EXPECT_EQ(Count(*shared), kPoints);
  for (int n = 0; n < kPoints; ++n) {
    const auto point = Read(*shared, MakePoint(n).id);
    ASSERT_TRUE(point);
    EXPECT_EQ(point->guard.version, newest) << n;
  }
}

TEST_P(SinkSuite, ReadersAndWritersAtOnce) {
  const auto sink = Prepared();
  Write(*sink, MakePoints(50));
  std::atomic<bool> done = false;
  std::vector<Status> failures(4);
  {
    std::vector<std::jthread> threads;
    threads.emplace_back([&] {
      for (int round = 2; round < 22 && failures[0].ok(); ++round) {
        failures[0] = sink->Write({"docs", MakePoints(50, {1, round})}, {}).status();
      }
      done = true;
    });
    threads.emplace_back([&] {
      while (!done && failures[1].ok()) {
        failures[1] = sink->Search("docs", MakePoint(3).vector, 5, {}, {}).status();
      }
    });
    threads.emplace_back([&] {
      while (!done && failures[2].ok()) {
        const auto heads = sink->List("docs", std::nullopt, 100, {});
        failures[2] = heads.status();
        if (heads.ok() && heads->size() != 50u) failures[2] = Internal("{} heads", heads->size());
      }
    });
    threads.emplace_back([&] {
      const std::vector<Uuid> ids = {MakePoint(1).id, MakePoint(2).id};
      while (!done && failures[3].ok()) failures[3] = sink->Read(ids, true, {}).status();
    });
  }
  for (const Status& failure : failures) EXPECT_TRUE(failure.ok()) << failure;
  EXPECT_EQ(RunOf(*sink, MakePoint(7).id), "run-1-21");
}

}  // namespace
}  // namespace drift::testing
