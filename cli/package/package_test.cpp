#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "cli/package/build.h"
#include "nn/nn.h"
#include "nn/testing/sample_models.h"

namespace pipit::package {
namespace {

/// An application's folder of the test's own.
class App {
 public:
  App() {
    char name[] = "/tmp/pipit-package-XXXXXX";
    path_ = mkdtemp(name);
  }
  ~App() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }
  App& write(const std::string& name, const std::string& text) {
    std::ofstream(path_ + "/" + name, std::ios::binary) << text;
    return *this;
  }
  support::Result<BuildReport> build(BuildOptions options = {}) {
    options.folder = path_;
    return package::build(options);
  }

 private:
  std::string path_;
};

constexpr char kRecipe[] =
    "name: app\nversion: \"1\"\nsources: [app.c]\nmemory: 12K\nstack: 2K\nengine_stack: 4K\n";
constexpr char kHello[] =
    "#include <pipit/print.h>\nint main(void) { pipit_print(\"%s\\n\", PIPIT_APP_VERSION); }\n";

std::string sample(const std::string& name) { return std::string(PIPIT_SOURCE_DIR) + "/tests/apps/" + name; }

TEST(Recipe, IsRead) {
  App app;
  app.write("pipit.yaml", std::string(kRecipe) + "sequence: 7\nmodels: {default: m.pipm}\ndefines: [A=1]\n");
  const auto recipe = read_recipe(app.path());
  ASSERT_TRUE(recipe.ok()) << recipe.error().text;
  EXPECT_EQ(recipe->memory_bytes, 12u * 1024);
  EXPECT_EQ(recipe->c_stack_bytes, 2048u);
  EXPECT_EQ(recipe->sequence, 7u);
  EXPECT_EQ(recipe->models[0].file, "m.pipm");
}

TEST(Recipe, ErrorsNameLineAndKey) {
  struct Case {
    const char* text;
    const char* expected;
  };
  const Case cases[] = {
      {"name: app\nversion: 1\nsources: [a.c]\nmemroy: 12K\n", "line 4: memroy: unknown"},
      {"name: app\nversion: 1\nsources: [a.c]\nmemory: 12X\n", "line 4: memory: \"12X\" is no size"},
      {"name: a b\nversion: 1\nsources: [a.c]\n", "line 1: name: must be letters"},
      {"name: app\nversion: 1\nsources: a.c\n", "line 3: sources: must be a list"},
      {"name: app\nversion: 1\n", "needs either sources or module"},
      {"name: app\nsources: [a.c]\n", "version is missing"},
      {"name: app\nversion: 1\nsources: [a.c]\nsequence: -1\n", "line 4: sequence"},
      {"name: [\n", "line "},
      {"- 1\n", "must be a YAML map"},
      {"", "must be a YAML map"},
  };
  for (const Case& wrong : cases) {
    App app;
    app.write("pipit.yaml", wrong.text);
    const auto recipe = read_recipe(app.path());
    ASSERT_FALSE(recipe.ok()) << wrong.text;
    EXPECT_NE(recipe.error().text.find(wrong.expected), std::string::npos) << recipe.error().text;
    EXPECT_NE(recipe.error().text.find("pipit.yaml"), std::string::npos);
  }
}

TEST(Recipe, Sizes) {
  EXPECT_EQ(*parse_size("20K"), 20480u);
  EXPECT_EQ(*parse_size("3"), 3u);
  EXPECT_EQ(*parse_size("4095M"), 4095u << 20);
  for (const char* wrong : {"", "K", "1G", "-1", "1.5K", "4096M", "99999999999999999999"})
    EXPECT_FALSE(parse_size(wrong).ok()) << wrong;
}

TEST(Build, MakesAPackageThatListsWhatIsInIt) {
  App app;
  app.write("pipit.yaml", kRecipe).write("app.c", kHello);
  auto report = app.build({.version = "2"});
  ASSERT_TRUE(report.ok()) << report.error().text;
  EXPECT_EQ(report->imports, (std::vector<std::string>{"wasi_snapshot_preview1.fd_write",
                                                       "wasi_snapshot_preview1.proc_exit"}));
  EXPECT_LT(report->package.module.size(), 2500u);
  link::Manifest manifest;
  ASSERT_TRUE(link::decode(report->package.manifest, manifest).ok());
  EXPECT_EQ(manifest.name, "app");
  EXPECT_EQ(manifest.version, "2");
  EXPECT_EQ(manifest.memory_bytes, 12u * 1024);
  EXPECT_EQ(manifest.stack_bytes, 4096u);
  EXPECT_EQ(manifest.blob_count, 1u);
  EXPECT_EQ(manifest.blobs[0].size, report->package.module.size());
  EXPECT_EQ(manifest.imports[0], "wasi_snapshot_preview1.fd_write");
  EXPECT_TRUE(registry::to_artifact(report->package).ok());
}

TEST(Build, TheSameSourcesGiveTheSameBytes) {
  App one, two;
  for (App* app : {&one, &two}) app->write("pipit.yaml", kRecipe).write("app.c", kHello);
  auto first = one.build(), second = two.build();
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(first->package.module, second->package.module);
  EXPECT_EQ(first->package.manifest, second->package.manifest);
}

TEST(Build, CompilesCPlusPlus) {
  App app;
  app.write("pipit.yaml", "name: app\nversion: 1\nsources: [a.cpp, b.c]\n")
      .write("a.cpp",
             "extern \"C\" int twice(int);\nstruct S { virtual int f() { return twice(21); } };\n"
             "int main() { S s; S* p = &s; return p->f() - 42; }\n")
      .write("b.c", "int twice(int x) { return 2 * x; }\n");
  const auto report = app.build();
  ASSERT_TRUE(report.ok()) << report.error().text;
}

TEST(Build, AttachesModelsAndCountsTheirMemory) {
  const auto model = nn::testing::every_int8_operator();
  App app;
  app.write("pipit.yaml", std::string(kRecipe) + "models: {default: none.pipm}\n").write("app.c", kHello);
  app.write("good.pipm", {reinterpret_cast<const char*>(model.data()), model.size()});
  const auto missing = app.build();
  ASSERT_FALSE(missing.ok());
  EXPECT_NE(missing.error().text.find("none.pipm"), std::string::npos);
  BuildOptions options;
  options.models = {{"default", app.path() + "/good.pipm"}};
  const auto report = app.build(options);
  ASSERT_TRUE(report.ok()) << report.error().text;
  ASSERT_EQ(report->package.models.size(), 1u);
  EXPECT_EQ(report->package.models[0].data, model);
  EXPECT_GE(report->arena_bytes, nn::PlannedModel::load(model)->arena_bytes());
}

TEST(Build, RefusesABrokenModelAndBuildsItUnchecked) {
  auto model = nn::testing::every_int8_operator();
  model[model.size() / 2] ^= 1;
  App app;
  app.write("pipit.yaml", std::string(kRecipe) + "models: {default: m.pipm}\n").write("app.c", kHello);
  app.write("m.pipm", {reinterpret_cast<const char*>(model.data()), model.size()});
  const auto report = app.build();
  ASSERT_FALSE(report.ok());
  EXPECT_NE(report.error().text.find("m.pipm is no planned model"), std::string::npos) << report.error().text;
  EXPECT_TRUE(app.build({.unchecked = true}).ok());
}

TEST(Build, CompilesOnnxModels) {
  App app;
  app.write("pipit.yaml", kRecipe).write("app.c", kHello).write("bad.onnx", "no model");
  BuildOptions options;
  options.models = {{"default", std::string(PIPIT_SOURCE_DIR) + "/examples/fashion/fashion.onnx"}};
  const auto report = app.build(options);
  ASSERT_TRUE(report.ok()) << report.error().text;
  const auto model = nn::PlannedModel::load(report->package.models[0].data);
  ASSERT_TRUE(model.ok());
  EXPECT_EQ(model->input(0).bytes, 28u * 28 * 4);
  EXPECT_EQ(model->output(0).bytes, 10u * 4);
  options.models = {{"default", app.path() + "/bad.onnx"}};
  const auto bad = app.build(options);
  ASSERT_FALSE(bad.ok());
  EXPECT_NE(bad.error().text.find("bad.onnx"), std::string::npos) << bad.error().text;
}

TEST(Build, TellsWhatTheCompilerSaid) {
  App app;
  app.write("pipit.yaml", kRecipe).write("app.c", "int main(void) { return nonsense; }\n");
  auto report = app.build();
  ASSERT_FALSE(report.ok());
  EXPECT_NE(report.error().text.find("nonsense"), std::string::npos);
  app.write("app.c", "int missing(void);\nint main(void) { return missing(); }\n");
  report = app.build();
  ASSERT_FALSE(report.ok());
  EXPECT_NE(report.error().text.find("missing"), std::string::npos);
  std::filesystem::remove(app.path() + "/app.c");
  report = app.build();
  ASSERT_FALSE(report.ok());
  EXPECT_NE(report.error().text.find("no such source"), std::string::npos);
}

TEST(Build, RefusesDataBeyondMemory) {
  App app;
  app.write("pipit.yaml", kRecipe)
      .write("app.c",
             "static volatile char table[11000];\n"
             "int main(int argc, char** argv) { (void)argv; return table[argc]; }\n");
  const auto report = app.build();
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, Code::out_of_memory);
  EXPECT_NE(report.error().text.find("memory is 12288"), std::string::npos) << report.error().text;
}

TEST(Build, TestApplicationsAreWhatTheySay) {
  EXPECT_TRUE(build({.folder = sample("hello")}).ok());
  EXPECT_TRUE(build({.folder = sample("trap-on-start")}).ok());
  const auto big = build({.folder = sample("wants-too-much-memory")});
  ASSERT_TRUE(big.ok()) << big.error().text;
  EXPECT_EQ(big->memory_bytes, 1u << 20);
  const auto stranger = build({.folder = sample("unknown-import")});
  ASSERT_FALSE(stranger.ok());
  EXPECT_NE(stranger.error().text.find("acme:laser.fire"), std::string::npos) << stranger.error().text;
  EXPECT_TRUE(build({.folder = sample("unknown-import"), .unchecked = true}).ok());
}

TEST(Build, LinksSocketsIntoAServerWithMegabytes) {
  const auto server = build({.folder = std::string(PIPIT_SOURCE_DIR) + "/examples/http"});
  ASSERT_TRUE(server.ok()) << server.error().text;
  EXPECT_EQ(server->memory_bytes, 4u << 20);
  EXPECT_NE(std::ranges::find(server->imports, "wasi_snapshot_preview1.sock_accept"), server->imports.end());
}

TEST(Build, TakesAForeignModuleAndRefusesABrokenOne) {
  App app;
  app.write("pipit.yaml", kRecipe).write("app.c", kHello);
  const auto own = app.build();
  ASSERT_TRUE(own.ok()) << own.error().text;
  const std::string module(as_text(own->package.module));
  app.write("pipit.yaml", "name: app\nversion: 1\nmodule: other.wasm\nmemory: 12K\n")
      .write("other.wasm", module);
  const auto same = app.build();
  ASSERT_TRUE(same.ok()) << same.error().text;
  EXPECT_EQ(same->package.module, own->package.module);
  app.write("other.wasm", module.substr(0, module.size() / 2));
  const auto cut = app.build();
  ASSERT_FALSE(cut.ok());
  EXPECT_NE(cut.error().text.find("does not validate"), std::string::npos) << cut.error().text;
  EXPECT_TRUE(app.build({.unchecked = true}).ok());
}

}  // namespace
}  // namespace pipit::package
