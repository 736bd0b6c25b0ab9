#include "statements.h"

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "dpml/base/error.h"
#include "origins.h"

namespace dpml::config {

namespace {

using google::protobuf::io::Tokenizer;

constexpr int kMaximumDepth = 100;  // blocks inside blocks; protects the stack

class FirstError final : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, google::protobuf::io::ColumnNumber, const std::string& message) override {
    if (line_ < 0) {
      line_ = line;
      message_ = message;
    }
  }
  bool happened() const { return line_ >= 0; }
  int line() { return line_; }  // from 0
  const std::string& message() const { return message_; }

 private:
  int line_ = -1;
  std::string message_;
};

class StatementReader {
 public:
  StatementReader(const std::string& text, const Origins& origins, Problems& problems)
      : input_(text.data(), static_cast<int>(text.size())),
        tokenizer_(&input_, &errors_),
        origins_(origins),
        problems_(problems) {
    tokenizer_.set_comment_style(Tokenizer::SH_COMMENT_STYLE);
    tokenizer_.set_allow_f_after_float(true);
    tokenizer_.set_require_space_after_number(false);
    // Unlike in protobuf, text ends with its line: a forgotten quote is then told where it is missing.
    advance();
  }

  std::vector<Statement> read_all() {
    std::vector<Statement> statements;
    while (!at_end()) statements.push_back(read_statement());
    return statements;
  }

 private:
  int line() { return tokenizer_.current().line + 1; }
  bool at_end() { return tokenizer_.current().type == Tokenizer::TYPE_END; }
  bool at_type(Tokenizer::TokenType type) { return tokenizer_.current().type == type; }
  bool at(const char* symbol) { return at_type(Tokenizer::TYPE_SYMBOL) && tokenizer_.current().text == symbol; }

  std::string here() { return at_end() ? "the end of the text" : "`" + tokenizer_.current().text + "`"; }

  [[noreturn]] void fail(int line, const std::string& what) {
    problems_.add(origins_.in_file(line, ""), what);
    problems_.throw_if_any();
    throw InternalError("a problem was added and lost");
  }

  void advance() {
    tokenizer_.Next();
    if (!errors_.happened()) return;
    const bool is_letter = errors_.message().find("non ascii") != std::string::npos;
    fail(errors_.line() + 1, is_letter
                                 ? "a character that is not ASCII stands outside quotes; quotes are \" or ', and a "
                                   "minus is -"
                                 : "cannot be read as text: " + errors_.message());
  }

  std::string take() {
    std::string text = tokenizer_.current().text;
    advance();
    return text;
  }

  bool take_if(const char* symbol) {
    if (!at(symbol)) return false;
    advance();
    return true;
  }

  Statement read_statement() {
    if (!at_type(Tokenizer::TYPE_IDENTIFIER)) {
      fail(line(), "expected the name of a field, got " + here() +
                       (at("}") ? "; a block is closed that was never opened" : "; a line reads `name: value`"));
    }
    Statement statement;
    statement.line = line();
    statement.name = take();
    const bool has_colon = take_if(":");
    if (at("[")) {
      statement.is_list = true;
      statement.values = read_list(statement.name);
    } else {
      statement.values.push_back(read_value(statement.name));
    }
    const bool is_scalar = !statement.values.empty() && !statement.values[0].is_block;
    if (is_scalar && !has_colon) {
      problems_.add(origins_.in_file(statement.line, statement.name),
                    "lacks its colon; write `" + statement.name + ": " + statement.values[0].scalar + "`");
    }
    if (!take_if(",")) take_if(";");
    return statement;
  }

  std::vector<StatedValue> read_list(const std::string& name) {
    const int opened = line();
    advance();
    std::vector<StatedValue> values;
    while (!take_if("]")) {
      if (!values.empty() && !take_if(",")) fail(line(), "expected `,` or `]` in the list " + name + ", got " + here());
      if (at_end()) fail(opened, "the list " + name + " is never closed; add `]`");
      values.push_back(read_value(name));
    }
    return values;
  }

  StatedValue read_value(const std::string& name) {
    StatedValue value;
    value.line = line();
    if (at("{") || at("<")) {
      value.is_block = true;
      value.block = read_block(name);
    } else if (at_type(Tokenizer::TYPE_STRING)) {
      value.scalar = take();
      while (at_type(Tokenizer::TYPE_STRING)) value.scalar += " " + take();  // pieces of one string
    } else if (take_if("$")) {
      value.is_constant = true;
      if (!at_type(Tokenizer::TYPE_IDENTIFIER)) fail(line(), "expected the name of a constant after $, got " + here());
      value.scalar = take();
    } else {
      if (take_if("-")) value.scalar = "-";
      if (at("$")) fail(line(), "a minus stands before a constant; let the constant hold it");
      const bool is_word = at_type(Tokenizer::TYPE_IDENTIFIER) || at_type(Tokenizer::TYPE_INTEGER);
      if (!is_word && !at_type(Tokenizer::TYPE_FLOAT)) fail(line(), "expected a value of " + name + ", got " + here());
      value.scalar += take();
    }
    return value;
  }

  std::vector<Statement> read_block(const std::string& name) {
    const int opened = line();
    const char* close = at("{") ? "}" : ">";
    if (++depth_ > kMaximumDepth) fail(opened, "blocks lie more than 100 deep; make the model flatter");
    advance();
    std::vector<Statement> statements;
    while (!take_if(close)) {
      if (at_end()) fail(opened, "the block " + name + " is never closed; add `" + close + "`");
      statements.push_back(read_statement());
    }
    --depth_;
    return statements;
  }

  google::protobuf::io::ArrayInputStream input_;
  FirstError errors_;
  Tokenizer tokenizer_;
  const Origins& origins_;
  Problems& problems_;
  int depth_ = 0;
};

}  // namespace

std::vector<Statement> read_statements(const std::string& text, const Origins& origins, Problems& problems) {
  return StatementReader(text, origins, problems).read_all();
}

}  // namespace dpml::config
