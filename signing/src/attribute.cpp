// SPDX-License-Identifier: Apache-2.0
#include "der.hpp"
#include <mohr/base/openssl.hpp>
#include <mohr/signing/cms_signed.hpp>
#include <mohr/signing/errors.hpp>

#include <openssl/objects.h>

#include <algorithm>
#include <array>

namespace mohr::signing {

Result<Bytes> encode_attribute(const std::string& type, ByteView value) {
    constexpr std::array ours{NID_pkcs9_contentType, NID_pkcs9_messageDigest, NID_pkcs9_signingTime,
                              NID_id_smime_aa_signingCertificate, NID_id_smime_aa_signingCertificateV2};
    const OwnedAsn1Object object(OBJ_txt2obj(type.c_str(), 1));
    if (!object)
        return openssl_error("attribute type")
            .wrapped(make_error_code(SigningErrc::malformed), "attribute type");
    if (std::find(ours.begin(), ours.end(), OBJ_obj2nid(object.get())) != ours.end())
        return Error(SigningErrc::malformed, "an attribute that only we may write");
    der::Cursor cursor(value);
    if (const auto element = cursor.next(); !element) return element.error();
    if (!cursor.at_end()) return Error(SigningErrc::malformed, "more than one attribute value");
    const Bytes oid =
        der::tlv(der::oid_tag, {ByteView(OBJ_get0_data(object.get()), OBJ_length(object.get()))});
    return der::sequence({oid, der::tlv(der::set_tag, {value})});
}

} // namespace mohr::signing
