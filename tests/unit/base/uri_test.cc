#include "base/uri.h"

#include <gtest/gtest.h>

namespace drift {
namespace {

TEST(Uri, AllItsParts) {
  const auto uri = ParseUri("PostgreSQL://us%40er:p%3Aw@db.local:5433/my%20db?table=docs&x=a%26b");
  ASSERT_TRUE(uri.ok()) << uri.status();
  EXPECT_EQ(uri->scheme, "postgresql");
  EXPECT_EQ(uri->user, "us@er");
  EXPECT_EQ(uri->password.Reveal(), "p:w");
  EXPECT_EQ(uri->host, "db.local");
  EXPECT_EQ(uri->port, 5433);
  EXPECT_EQ(uri->path, "/my db");
  EXPECT_EQ(uri->options.at("x"), "a&b");
  EXPECT_EQ(uri->ToString(), "postgresql://us%40er@db.local:5433/my%20db?table=docs&x=a%26b");
}

TEST(Uri, SecretsAreNeverShown) {
  const auto uri = ParseUri("qdrant://h/c?api_key=sk-1&password=env:PW");
  ASSERT_TRUE(uri.ok());
  EXPECT_EQ(uri->ToString(), "qdrant://h/c?password=env:PW");
}

TEST(Uri, AddressesOfAllKinds) {
  EXPECT_EQ(ParseUri("sqlite:///abs/i.db?collection=d")->path, "/abs/i.db");
  EXPECT_EQ(ParseUri("qdrant://[::1]:6334/c")->host, "::1");
  EXPECT_EQ(ParseUri("qdrant://[::1]:6334/c")->ToString(), "qdrant://[::1]:6334/c");
}

TEST(Uri, Mistakes) {
  const auto message = [](std::string_view text) {
    return std::string(Message(ParseUri(text).status()));
  };
  EXPECT_EQ(message("relative/path"), "a URI starts with scheme://");
  EXPECT_EQ(message("sqlite:index.db"),
            "a URI starts with scheme://, and a file's with three slashes and its absolute path: "
            "sqlite:///path");
  EXPECT_EQ(message("q://h:port/c"), "'port' is not a port");
  EXPECT_EQ(message("q://h:0/c"), "'0' is not a port");
  EXPECT_EQ(message("q://h:70000/c"), "'70000' is not a port");
  EXPECT_EQ(message("q://[::1/c"), "']' is missing after the address");
  EXPECT_EQ(message("q://h/c?x"), "option 'x' has no value");
  EXPECT_EQ(message("q://h/c?x=1&x=2"), "option 'x' is given twice");
  EXPECT_EQ(message("q://h/%zz"), "'%' must be followed by two hex digits");
  EXPECT_EQ(message("q://h/c#d"), "'#' has no meaning here; write %23");
}

TEST(Uri, UnknownOptionsListTheKnownOnes) {
  const auto uri = ParseUri("qdrant://h/c?apikey=env:X");
  EXPECT_EQ(Message(CheckOptions(*uri, {"api_key", "timeout"})),
            "unknown option 'apikey'; known for qdrant: api_key, timeout");
  EXPECT_TRUE(CheckOptions(*uri, {"apikey"}).ok());
}

}  // namespace
}  // namespace drift
