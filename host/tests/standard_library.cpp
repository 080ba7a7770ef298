// An application that leans on the C++ standard library: containers, strings, streams, algorithms. Compiled
// natively as well; both must print the same.
#include <algorithm>
#include <array>
#include <bitset>
#include <charconv>
#include <complex>
#include <deque>
#include <functional>
#include <iomanip>
#include <iostream>
#include <list>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <queue>
#include <random>
#include <set>
#include <span>
#include <sstream>
#include <string>
#include <tuple>
#include <unordered_map>
#include <variant>
#include <vector>

namespace {

struct Shape {
  virtual ~Shape() = default;
  virtual double area() const = 0;
  virtual std::string name() const = 0;
};
struct Circle final : Shape {
  explicit Circle(double radius) : radius(radius) {}
  double area() const override { return 3.141592653589793 * radius * radius; }
  std::string name() const override { return "circle"; }
  double radius;
};
struct Rectangle final : Shape {
  Rectangle(double width, double height) : width(width), height(height) {}
  double area() const override { return width * height; }
  std::string name() const override { return "rectangle"; }
  double width, height;
};

std::map<std::string, int> count_words(std::istream& in) {
  std::map<std::string, int> counts;
  for (std::string word; in >> word;) {
    std::erase_if(word, [](unsigned char c) { return !std::isalnum(c); });
    std::transform(word.begin(), word.end(), word.begin(), [](unsigned char c) { return std::tolower(c); });
    if (!word.empty()) ++counts[word];
  }
  return counts;
}

void words(std::istream& in) {
  const auto counts = count_words(in);
  std::vector<std::pair<std::string, int>> sorted(counts.begin(), counts.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  for (const auto& [word, count] : std::span(sorted).first(std::min<std::size_t>(sorted.size(), 5)))
    std::cout << std::left << std::setw(10) << word << std::right << std::setw(4) << count << '\n';
}

void shapes() {
  std::vector<std::unique_ptr<Shape>> all;
  all.push_back(std::make_unique<Circle>(1.5));
  all.push_back(std::make_unique<Rectangle>(2.0, 3.25));
  const double total = std::accumulate(all.begin(), all.end(), 0.0,
                                       [](double sum, const auto& shape) { return sum + shape->area(); });
  for (const auto& shape : all)
    std::cout << shape->name() << ' ' << std::fixed << std::setprecision(6) << shape->area() << '\n';
  std::cout << "total " << total << std::defaultfloat << '\n';
}

void shortest_paths() {
  const std::map<char, std::vector<std::pair<char, int>>> edges = {
      {'a', {{'b', 7}, {'c', 3}}}, {'b', {{'d', 2}}}, {'c', {{'b', 1}, {'d', 8}}}, {'d', {}}};
  std::map<char, int> distance = {{'a', 0}};
  using Entry = std::pair<int, char>;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue;
  queue.emplace(0, 'a');
  while (!queue.empty()) {
    const auto [so_far, node] = queue.top();
    queue.pop();
    for (const auto& [next, cost] : edges.at(node)) {
      const auto found = distance.find(next);
      if (found != distance.end() && found->second <= so_far + cost) continue;
      distance[next] = so_far + cost;
      queue.emplace(so_far + cost, next);
    }
  }
  for (const auto& [node, steps] : distance) std::cout << node << '=' << steps << ' ';
  std::cout << '\n';
}

void numbers() {
  std::mt19937 random(42);
  std::vector<std::uint32_t> values(1000);
  std::generate(values.begin(), values.end(), std::ref(random));
  std::sort(values.begin(), values.end());
  std::cout << values.front() << ' ' << values[500] << ' ' << values.back() << ' '
            << std::accumulate(values.begin(), values.end(), std::uint64_t{0}) << '\n';
  std::unordered_map<int, std::string> names = {{1, "one"}, {2, "two"}, {3, "three"}};
  std::variant<int, std::string> either = names.at(3);
  std::cout << std::get<std::string>(either) << ' ' << std::bitset<8>(0xA5) << ' '
            << std::complex<double>(1, 2) * std::complex<double>(3, -1) << '\n';
  std::array<char, 16> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), -98765, 16).ptr;
  std::cout << std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data())) << '\n';
}

}  // namespace

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  std::list<std::string> arguments(argv + 1, argv + argc);
  arguments.sort();
  for (const auto& argument : arguments) std::cout << argument << ';';
  std::cout << '\n';
  words(std::cin);
  shapes();
  shortest_paths();
  numbers();
  std::cerr << "done" << std::endl;
  return argc;
}
