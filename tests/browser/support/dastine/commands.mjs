// SPDX-License-Identifier: Apache-2.0
// The 66 command names of the Dastine wire: what a page's arguments are called, and which generations know the name.
// Loaded by pages and by Node alike, so nothing of either is used here.

const select = ['issuer', 'keyUsages'];
const selectBySubject = ['subjectDn', 'issuer', 'keyUsages'];
const selectFromFile = ['p12', 'password'];
const newKey = ['subjectDn', 'keyLen', 'token'];
const alternativeNames = ['upn', 'rfc822', 'dns', 'directory', 'uri', 'ip', 'id'];

const inEvery = {
    CheckUpdate: [],
    InstallUpdate: [],
    GetVersion: [],
    SetConfig: ['config'],
    Reset: [],
    DastineIsAlive: [],
    SelectCertificateFromWindowsByUI: select,
    SelectCertificateFromWindowsBySubject: selectBySubject,
    SelectCertificateFromTokenByUI: select,
    SelectCertificateFromTokenBySubject: selectBySubject,
    SelectCertificateFromFileByUI: [...select, ...selectFromFile],
    SelectCertificateFromFileBySubject: [...selectBySubject, ...selectFromFile],
    FindCertificateFromToken: select,
    GetSelectedCertificate: [],
    ListTokens: [],
    GenerateKeyPairAndCertificateRequest: newKey,
    GenerateKeyPairAndCertificateRequestOnSelectedCertificate: newKey,
    GenerateCertificateRequestBySelectedCertificate: [],
    ImportIssuedCertificate: ['certificate'],
    ImportIssuedCertificateOnSelectedCertificate: ['certificate'],
    ImportCertificateFromFileToToken: ['p12', 'pass', 'token', 'keyContainer'],
    RemoveSelectedCertificate: [],
    RemoveGeneratedKeyPair: [],
    Sign: ['data', 'hash'],
    CmsSign: ['data', 'attach', 'hash'],
    CmsSignWithAttributes: ['data', 'AuthenticatedAttributes', 'UnAuthenticatedAttributes'],
    CmsDecrypt: ['cipher'],
    SetTokenRemoveEvent: [],
    SetTokenInsertEvent: [],
    TokenRemoveHandler: [],
    TokenInsertHandler: [],
    SetAdminKey: ['adminKey', 'token'],
    ChangePIN: ['token'],
    SetPIN: ['pin', 'token'],
    UnblockPIN: ['token'],
    ReadSignatureImage: [],
    ReadFingerprintImage: [],
    ReadFaceImage: [],
    ReadValidationData: [],
    ReadPrintedData: [],
    ReadExtendedPrintedData: [],
    ReadCustomField: ['index'],
    ReadSerialNumber: [],
    ReadIDinCardsSerialNumber: [],
    SetIDinCard: ['serialNumber'],
    SetIDinCardIndexForIssuance: ['index'],
    GetFingerPrintScannerSupportedDevices: [],
};

const onlyInG0 = {
    OpenFingerPrintScanner: ['scannername'],
    CaptureFingerPrintScanner: ['imageformatname'],
    CloseFingerPrintScanner: [],
    GetFingerPrintScannerDLLVersion: [],
    GetFingerPrintScannerSupportedImageFormat: ['scannername'],
};

const sinceG1 = {
    GetProviderName: [],
    SelectCertificateByThumbprint: ['Thumbprint', 'hashAlg'],
    GenerateKeyPairAndCertificateRequestWithSANS: [...newKey, ...alternativeNames],
    Decrypt: ['cipher'],
    CaptureFingerPrint: ['scannername'],
    NIDGetFingerIndex: ['cardReader'],
    NIDAuthenticateByPIN: ['cardReader'],
    NIDAuthenticateByFingerUI: ['cardReader'],
    NIDAuthenticateByFinger: ['cardReader', 'index', 'imageData', 'imageWidth', 'imageHeight', 'imageResolution'],
    NIDSign: ['cardReader', 'data'],
    NIDChangePIN: ['cardReader', 'pinType', 'oldPIN', 'newPIN'],
    NIDUnblockPIN: ['cardReader', 'pinType'],
};

const sinceG2 = {
    NIDSetDSAuthToken: ['token'],
    SetPINGuide: ['pinGuide'],
};

/** The commands that each generation sends, with the members that its arguments become. */
export const commandsOf = {
    G0: { ...inEvery, ...onlyInG0 },
    G1: { ...inEvery, ...sinceG1 },
    G2: { ...inEvery, ...sinceG1, ...sinceG2 },
    G3: { ...inEvery, ...sinceG1, ...sinceG2 },
};

/** All 66 names. */
export const allCommands = Object.keys({ ...inEvery, ...onlyInG0, ...sinceG1, ...sinceG2 });
