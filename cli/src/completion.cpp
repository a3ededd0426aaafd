// SPDX-License-Identifier: Apache-2.0
#include <mohr/cli/command_line.hpp>
#include <mohr/cli/completion.hpp>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace mohr::cli {
namespace {

struct OptionWords {
    std::vector<std::string> names; ///< "-o", "--out"
    std::vector<std::string> choices;
    std::string description;
    bool positional = false;
    bool takes_value = false;
    bool takes_file = false;
};
struct VerbWords {
    std::string path; ///< "mohr token info"
    std::string description;
    std::vector<std::pair<std::string, std::string>> verbs; ///< name, description
    std::vector<OptionWords> options;
};

/// The values of CLI::IsMember, which CLI11 shows in the type: "TEXT:{fa,en}".
std::vector<std::string> choices_of(const std::string& type) {
    std::vector<std::string> choices;
    const std::size_t open = type.find('{');
    const std::size_t close = type.find('}');
    if (open == std::string::npos || close == std::string::npos) return choices;
    std::size_t at = open + 1;
    while (at < close) {
        const std::size_t comma = std::min(type.find(',', at), close);
        choices.push_back(type.substr(at, comma - at));
        at = comma + 1;
    }
    return choices;
}

OptionWords words_of(const CLI::Option& option) {
    OptionWords words;
    for (const auto& name : option.get_snames()) words.names.push_back("-" + name);
    for (const auto& name : option.get_lnames()) words.names.push_back("--" + name);
    words.choices = choices_of(option.get_type_name());
    words.description = option.get_description();
    words.positional = option.get_positional();
    words.takes_value = option.get_items_expected_max() > 0;
    words.takes_file = option.get_type_name().find("FILE") != std::string::npos;
    return words;
}

void collect(const CLI::App& app, const std::string& path, std::vector<VerbWords>& all) {
    VerbWords words{path, app.get_description(), {}, {}};
    for (const CLI::App* verb : app.get_subcommands({}))
        words.verbs.emplace_back(verb->get_name(), verb->get_description());
    for (const CLI::Option* option : app.get_options({})) words.options.push_back(words_of(*option));
    all.push_back(std::move(words));
    for (const CLI::App* verb : app.get_subcommands({})) collect(*verb, path + " " + verb->get_name(), all);
}

std::vector<VerbWords> collect(const CLI::App& root) {
    std::vector<VerbWords> all;
    collect(root, root.get_name(), all);
    return all;
}

std::string joined(const std::vector<std::string>& words) {
    std::string out;
    for (const auto& word : words) out += (out.empty() ? "" : " ") + word;
    return out;
}

/// In single quotes, for each of the three shells.
std::string in_quotes(std::string_view text) {
    std::string out = "'";
    for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + "'";
}

std::string verb_names(const VerbWords& verb) {
    std::vector<std::string> names;
    for (const auto& [name, what] : verb.verbs) names.push_back(name);
    return joined(names);
}

std::string option_names(const VerbWords& verb) {
    std::vector<std::string> names;
    for (const auto& option : verb.options)
        names.insert(names.end(), option.names.begin(), option.names.end());
    return joined(names);
}

bool wants_file(const VerbWords& verb) {
    return std::any_of(verb.options.begin(), verb.options.end(),
                       [](const OptionWords& o) { return o.positional && o.takes_file; });
}

/// "path;option) …" rows for options with a value: what may stand there.
std::string value_rows(const std::vector<VerbWords>& all, std::string_view files, std::string_view words) {
    std::string out;
    for (const auto& verb : all)
        for (const auto& option : verb.options) {
            if (option.names.empty() || !option.takes_value) continue;
            std::string patterns;
            for (const auto& name : option.names)
                patterns += (patterns.empty() ? "" : "|") + ("'" + verb.path + ";" + name + "'");
            out += "        " + patterns + ") ";
            if (!option.choices.empty())
                out += std::string(words) + " " + in_quotes(joined(option.choices));
            else if (option.takes_file)
                out += files;
            else
                out += ":"; // a value that only the person knows
            out += "; return ;;\n";
        }
    return out;
}

/// "path) …" rows for the words of a verb: first its verbs, then its options.
std::string word_rows(const std::vector<VerbWords>& all) {
    std::string out;
    for (const auto& verb : all)
        out += "        '" + verb.path + "') verbs=" + in_quotes(verb_names(verb)) +
               " options=" + in_quotes(option_names(verb)) + " files=" + (wants_file(verb) ? "1" : "") +
               " ;;\n";
    return out;
}

/// Rows that walk from the first word to the verb that is being completed.
std::string path_patterns(const std::vector<VerbWords>& all) {
    std::string out;
    for (const auto& verb : all) out += (out.empty() ? "" : "|") + ("'" + verb.path + "'");
    return out;
}

Action print(std::string (*make)(const CLI::App&), const CLI::App& root) {
    return [make, &root](Session& session) -> Outcome<Exit> {
        const std::string script = make(root);
        session.result({{"script", script}}, script);
        return Exit::ok;
    };
}

} // namespace

std::string bash_completion(const CLI::App& root) {
    const auto all = collect(root);
    return "# bash completion for mohr; made by: mohr completion bash\n"
           "_mohr() {\n"
           "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
           "    local path=mohr next i verbs options files\n"
           "    COMPREPLY=()\n"
           "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
           "        next=\"$path ${COMP_WORDS[i]}\"\n"
           "        case $next in\n        " +
           path_patterns(all) +
           ") path=$next ;;\n        esac\n    done\n"
           "    compopt +o default 2>/dev/null\n"
           "    _mohr_words() { mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$current\"); }\n"
           "    _mohr_files() { compopt -o filenames 2>/dev/null; "
           "mapfile -t COMPREPLY < <(compgen -f -- \"$current\"); }\n"
           "    case \"$path;$previous\" in\n" +
           value_rows(all, "_mohr_files", "_mohr_words") + "    esac\n    case $path in\n" + word_rows(all) +
           "    esac\n"
           "    if [[ $current == -* ]]; then _mohr_words \"$options\"\n"
           "    elif [[ -n $verbs ]]; then _mohr_words \"$verbs\"\n"
           "    elif [[ -n $files ]]; then _mohr_files\n"
           "    fi\n"
           "}\n"
           "complete -F _mohr mohr\n";
}

std::string zsh_completion(const CLI::App& root) {
    const auto all = collect(root);
    return "#compdef mohr\n"
           "# zsh completion for mohr; made by: mohr completion zsh\n"
           "_mohr() {\n"
           "    local current=${words[CURRENT]} previous=${words[CURRENT-1]}\n"
           "    local path_=mohr next verbs options files\n"
           "    local -i i\n"
           "    for ((i = 2; i < CURRENT; i++)); do\n"
           "        next=\"$path_ ${words[i]}\"\n"
           "        case $next in\n        " +
           path_patterns(all) +
           ") path_=$next ;;\n        esac\n    done\n"
           "    _mohr_words() { compadd -- ${=1}; }\n"
           "    case \"$path_;$previous\" in\n" +
           value_rows(all, "_files", "_mohr_words") + "    esac\n    case $path_ in\n" + word_rows(all) +
           "    esac\n"
           "    if [[ $current == -* ]]; then _mohr_words \"$options\"\n"
           "    elif [[ -n $verbs ]]; then _mohr_words \"$verbs\"\n"
           "    elif [[ -n $files ]]; then _files\n"
           "    fi\n"
           "}\n"
           "if [[ $funcstack[1] == _mohr ]]; then _mohr \"$@\"; else compdef _mohr mohr; fi\n";
}

std::string fish_completion(const CLI::App& root) {
    std::string out = "# fish completion for mohr; made by: mohr completion fish\n"
                      "function __mohr_at\n"
                      "    set -l path mohr\n"
                      "    for word in (commandline -opc)[2..-1]\n"
                      "        contains -- \"$path $word\" $__mohr_paths; and set path \"$path $word\"\n"
                      "    end\n"
                      "    test \"$path\" = \"$argv[1]\"\n"
                      "end\n"
                      "set -g __mohr_paths";
    const auto all = collect(root);
    for (const auto& verb : all) out += " " + in_quotes(verb.path);
    out += "\n";
    for (const auto& verb : all) {
        const std::string at = "complete -c mohr -n " + in_quotes("__mohr_at '" + verb.path + "'");
        if (!wants_file(verb)) out += at + " -f\n";
        for (const auto& [name, what] : verb.verbs)
            out += at + " -a " + name + " -d " + in_quotes(what) + "\n";
        for (const auto& option : verb.options) {
            if (option.names.empty()) continue;
            out += at;
            for (const auto& name : option.names)
                out += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
            if (!option.choices.empty())
                out += " -x -a " + in_quotes(joined(option.choices));
            else if (option.takes_value)
                out += option.takes_file ? " -r -F" : " -x";
            out += " -d " + in_quotes(option.description) + "\n";
        }
    }
    return out;
}

void add_completion_verb(CommandLine& line) {
    CLI::App& completion = line.add_group("completion", "Print a completion script for a shell");
    line.add_verb(completion, "bash", "For bash", print(bash_completion, line.root()));
    line.add_verb(completion, "zsh", "For zsh", print(zsh_completion, line.root()));
    line.add_verb(completion, "fish", "For fish", print(fish_completion, line.root()));
}

} // namespace mohr::cli
