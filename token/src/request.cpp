// SPDX-License-Identifier: Apache-2.0
#include "request.hpp"

#include "key_material.hpp"
#include <mohr/base/digest.hpp>
#include <mohr/base/encoding.hpp>
#include <mohr/token/errors.hpp>

#include <openssl/err.h>
#include <openssl/objects.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

namespace mohr::token {
namespace {

constexpr std::size_t max_attributes = 32;

Error malformed(std::string_view why) {
    return {TokenErrc::malformed, "subject: " + std::string(why)};
}

bool is_hex(char c) noexcept {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_alpha(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_key_char(char c) noexcept {
    return is_alpha(c) || (c >= '0' && c <= '9') || c == '-' || c == '.';
}
char upper(char c) noexcept {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
}

/// Descriptors that RFC 4514 section 3 names, and those that certificate applications use beside them.
struct AttributeName {
    std::string_view name;
    int nid;
};
constexpr std::array<AttributeName, 17> known_attributes = {{
    {"CN", NID_commonName},
    {"L", NID_localityName},
    {"ST", NID_stateOrProvinceName},
    {"O", NID_organizationName},
    {"OU", NID_organizationalUnitName},
    {"C", NID_countryName},
    {"STREET", NID_streetAddress},
    {"DC", NID_domainComponent},
    {"UID", NID_userId},
    {"SN", NID_surname},
    {"GN", NID_givenName},
    {"GIVENNAME", NID_givenName},
    {"SERIALNUMBER", NID_serialNumber},
    {"T", NID_title},
    {"TITLE", NID_title},
    {"EMAILADDRESS", NID_pkcs9_emailAddress},
    {"E", NID_pkcs9_emailAddress},
}};

struct Attribute {
    OwnedAsn1Object type;
    std::string value;           ///< UTF-8
    bool joins_previous = false; ///< same RDN as the one before it in the text ('+')
};

/// Reads one name from left to right.
class SubjectReader {
public:
    explicit SubjectReader(std::string_view text) noexcept : text_(text) {}

    Result<std::vector<Attribute>> read() {
        std::vector<Attribute> attributes;
        bool joins = false;
        for (;;) {
            auto attribute = read_attribute();
            if (!attribute) return attribute.error();
            attribute->joins_previous = joins;
            attributes.push_back(std::move(*attribute));
            if (attributes.size() > max_attributes) return malformed("too many attributes");
            if (at_end()) return attributes;
            joins = text_[at_] == '+';
            ++at_; // ',' or '+': read_value stops nowhere else
        }
    }

private:
    [[nodiscard]] bool at_end() const noexcept { return at_ >= text_.size(); }
    void skip_spaces() noexcept {
        while (!at_end() && text_[at_] == ' ') ++at_;
    }

    Result<Attribute> read_attribute() {
        skip_spaces();
        const std::size_t begin = at_;
        while (!at_end() && is_key_char(text_[at_])) ++at_;
        Attribute out;
        out.type = find_type(text_.substr(begin, at_ - begin));
        if (!out.type) return malformed("unknown attribute type");
        skip_spaces();
        if (at_end() || text_[at_] != '=') return malformed("'=' is missing");
        ++at_;
        skip_spaces();
        auto value = read_value();
        if (!value) return value.error();
        out.value = std::move(*value);
        return out;
    }

    static OwnedAsn1Object find_type(std::string_view name) {
        const auto same = [&](const AttributeName& known) {
            return std::equal(known.name.begin(), known.name.end(), name.begin(), name.end(),
                              [](char a, char b) { return a == upper(b); });
        };
        const auto found = std::find_if(known_attributes.begin(), known_attributes.end(), same);
        if (found != known_attributes.end()) return OwnedAsn1Object(OBJ_dup(OBJ_nid2obj(found->nid)));
        const bool dotted = !name.empty() && name[0] >= '0' && name[0] <= '9' && name.size() <= 64;
        if (!dotted) return nullptr;
        OwnedAsn1Object object(OBJ_txt2obj(std::string(name).c_str(), 1));
        if (!object) ERR_clear_error();
        return object;
    }

    /// RFC 4514 section 2.4: \ before a special character or two hex digits; a leading '#' would be BER,
    /// which we refuse.
    Result<std::string> read_value() {
        if (!at_end() && text_[at_] == '#') return malformed("values in hexadecimal BER are not taken");
        std::string value;
        std::size_t keep = 0; // trailing spaces do not count, unless escaped
        while (!at_end() && text_[at_] != ',' && text_[at_] != '+') {
            const char c = text_[at_];
            if (c == '"' || c == ';' || c == '<' || c == '>' || c == '\0')
                return malformed("an unescaped special character");
            if (c == '\\') {
                auto escaped = read_escape();
                if (!escaped) return escaped.error();
                value.push_back(*escaped);
                keep = value.size();
                continue;
            }
            value.push_back(c);
            if (c != ' ') keep = value.size();
            ++at_;
        }
        value.resize(keep);
        if (value.empty()) return malformed("an empty value");
        if (!is_utf8(value) ||
            std::any_of(value.begin(), value.end(), [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; }))
            return malformed("not printable UTF-8");
        return value;
    }

    Result<char> read_escape() {
        ++at_;
        if (at_end()) return malformed("a lone backslash");
        if (at_ + 1 < text_.size() && is_hex(text_[at_]) && is_hex(text_[at_ + 1])) {
            const auto byte = from_hex(text_.substr(at_, 2));
            at_ += 2;
            return static_cast<char>(byte.value()[0]);
        }
        static constexpr std::string_view special = "\"+,;<>\\ #=";
        if (special.find(text_[at_]) == std::string_view::npos)
            return malformed("an escape of an ordinary character");
        return text_[at_++];
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

bool is_printable_string(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        return is_alpha(c) || (c >= '0' && c <= '9') ||
               std::string_view(" '()+,-./:=?").find(c) != std::string_view::npos;
    });
}

/// The string type that the attribute's definition demands (RFC 5280 appendix A.1, RFC 4519).
Result<int> string_type(int nid, std::string_view value) {
    switch (nid) {
    case NID_countryName:
        if (value.size() != 2 || !is_alpha(value[0]) || !is_alpha(value[1]))
            return malformed("C is two letters");
        return V_ASN1_PRINTABLESTRING;
    case NID_serialNumber:
        if (!is_printable_string(value)) return malformed("serialNumber takes ASCII only");
        return V_ASN1_PRINTABLESTRING;
    case NID_domainComponent:
    case NID_pkcs9_emailAddress:
        if (std::any_of(value.begin(), value.end(),
                        [](char c) { return static_cast<unsigned char>(c) >= 0x80; }))
            return malformed("DC and emailAddress take ASCII only");
        return V_ASN1_IA5STRING;
    default:
        return V_ASN1_UTF8STRING;
    }
}

} // namespace

Result<OwnedX509Name> parse_subject(std::string_view text) {
    OwnedX509Name name(X509_NAME_new());
    if (!name) return openssl_error("X509_NAME_new");
    if (text.size() > max_subject_bytes) return malformed("too long");
    if (text.empty()) return name;
    auto attributes = SubjectReader(text).read();
    if (!attributes) return attributes.error();
    // The text begins with the last RDN (RFC 4514 section 2.1). Going backwards, an attribute belongs to the
    // RDN just made if its follower in the text was joined to it.
    bool same_rdn = false;
    for (auto attribute = attributes->rbegin(); attribute != attributes->rend(); ++attribute) {
        auto type = string_type(OBJ_obj2nid(attribute->type.get()), attribute->value);
        if (!type) return type.error();
        const auto* bytes = reinterpret_cast<const unsigned char*>(attribute->value.data());
        MOHR_TRY(check(X509_NAME_add_entry_by_OBJ(name.get(), attribute->type.get(), *type, bytes,
                                                  static_cast<int>(attribute->value.size()), -1,
                                                  same_rdn ? -1 : 0) == 1,
                       "subject"));
        same_rdn = attribute->joins_previous;
    }
    return name;
}

Result<Bytes> make_request(EVP_PKEY* key, std::string_view subject,
                           const std::vector<AlternativeName>& names) {
    auto name = parse_subject(subject);
    if (!name) return name.error();
    auto algorithm = algorithm_of(key);
    if (!algorithm) return algorithm.error();
    const EVP_MD* method = digest_method(*algorithm == KeyAlgorithm::ec_p384 ? DigestAlgorithm::sha384
                                                                             : DigestAlgorithm::sha256);
    const OwnedX509Req request(X509_REQ_new());
    MOHR_TRY(check(request && X509_REQ_set_version(request.get(), 0) == 1 &&
                       X509_REQ_set_subject_name(request.get(), name->get()) == 1 &&
                       X509_REQ_set_pubkey(request.get(), key) == 1,
                   "PKCS#10"));
    if (!names.empty()) {
        const auto extensions = alternative_names(names);
        if (!extensions) return extensions.error();
        MOHR_TRY(check(X509_REQ_add_extensions(request.get(), extensions->get()) == 1, "extensionRequest"));
    }
    MOHR_TRY(check(X509_REQ_sign(request.get(), key, method) > 0, "PKCS#10"));
    return to_der(i2d_X509_REQ, request.get());
}

} // namespace mohr::token
