"""Keeps an object as Omise said it, small: zlib with a dictionary of what such objects hold.

An object is some 2 KB, nearly all of it names of fields: with a dictionary it takes a third of the room. A dictionary
is frozen for good, since what was packed with it needs it: a better one stands beside it.
"""

import zlib
from collections.abc import Mapping
from functools import cache

_CHARGE = (
    b'"failure_code":"payment_expired","failure_message":"the payment expired","status":"expired""failed""pending"'
    b'"object":"source","id":"src_test_","livemode":false,"location":"/sources/src_","amount":0,"created_at":"2026-01-'
    b'","currency":"THB","email":null,"flow":"redirect","ip":null,"name":null,"phone_number":null,"type":"promptpay",'
    b'"charge_status":"successful","items":[],"discounts":[],"barcode":null,"bank":null,"installment_term":null,'
    b'"absorption_type":null,"mobile_number":null,"scannable_code":null,"qr_settings":null,"billing":null,'
    b'"shipping":null,"references":null,"provider_references":null,"store_id":null,"store_name":null,'
    b'"terminal_id":null,"zero_interest_installments":null,"receipt_amount":null,"promotion_code":null,'
    b'"platform_type":null},{"object":"charge","id":"chrg_test_","location":"/charges/chrg_","amount":1000,'
    b'"authorization_type":null,"authorized_amount":1000,"captured_amount":1000,"acquirer_reference_number":null,'
    b'"net":961,"fee":36,"fee_vat":3,"interest":0,"interest_vat":0,"funding_amount":1000,"refunded_amount":0,'
    b'"transaction_fees":{"fee_flat":"0.0","fee_rate":"3.65","vat_rate":"7.0"},"platform_fee":{"fixed":null,'
    b'"amount":null,"percentage":null},"currency":"THB","funding_currency":"THB","ip":null,"refunds":{"object":"list",'
    b'"data":[],"limit":20,"offset":0,"total":0,"location":"/charges/chrg_test_/refunds","order":"chronological",'
    b'"from":"1970-01-01T00:00:00Z","to":"2026-01-01T00:00:00Z"},"link":null,"description":"Order ","metadata":{'
    b'"order_id":""},"card":null,"card":{"object":"card","id":"card_test_","livemode":false,"location":null,'
    b'"deleted":false,"street1":null,"street2":null,"city":null,"state":null,"phone_number":null,"postal_code":null,'
    b'"country":"th","financing":"credit","bank":"","brand":"MasterCard","brand":"Visa","fingerprint":null,'
    b'"first_digits":null,"last_digits":"4242","name":null,"expiration_month":1,"expiration_year":2030,'
    b'"security_code_check":true,"tokenization_method":null,"created_at":"2026-01-01T00:00:00Z"},"source":null,'
    b'"schedule":null,"linked_account":null,"customer":null,"dispute":null,"transaction":"trxn_test_",'
    b'"failure_code":null,"failure_message":null,"merchant_advice":null,"merchant_advice_code":null,'
    b'"status":"successful","authorize_uri":"https://api.omise.co/payments/paym_test_/authorize",'
    b'"return_uri":"https://","created_at":"2026-01-01T00:00:00Z","paid_at":"2026-01-01T00:00:00Z",'
    b'"authorized_at":"2026-01-01T00:00:00Z","expires_at":"2026-01-08T00:00:00Z","expired_at":null,"reversed_at":null,'
    b'"multi_capture":false,"zero_interest_installments":false,"branch":null,"terminal":null,"device":null,'
    b'"authorized":true,"capturable":false,"capture":true,"disputable":true,"livemode":true,"refundable":true,'
    b'"partially_refundable":true,"reversed":false,"reversible":false,"voided":false,"paid":true,"expired":false,'
    b'"can_perform_void":false,"approval_code":null}'
)
_OTHER = (
    b'{"object":"event","id":"evnt_test_","livemode":true,"location":"/events/evnt_","webhook_deliveries":[{'
    b'"object":"webhook_delivery","id":"whdl_","uri":"https://","status":200,"key":"charge.complete","error":null,'
    b'"payload":null,"created_at":""}],"key":"charge.create","data":{"object":"dispute","id":"dspt_test_",'
    b'"livemode":true,"location":"/disputes/dspt_","currency":"THB","amount":0,"funding_amount":0,'
    b'"funding_currency":"THB","metadata":{},"charge":"chrg_","documents":{"object":"list","data":[],"limit":20,'
    b'"offset":0,"total":0,"location":"/disputes/dspt_/documents","order":"chronological",'
    b'"from":"1970-01-01T00:00:00Z","to":""},"admin_message":null,"message":null,"reason_code":"","reason_message":"",'
    b'"status":"open","closed_at":null,"object":"transfer","id":"trsf_test_","livemode":true,'
    b'"location":"/transfers/trsf_","deleted":false,"fail_fast":false,"paid":true,"sent":true,"sendable":true,'
    b'"currency":"THB","amount":0,"fee":2804,"metadata":{},"recipient":"recp_","bank_account":{"object":"bank_account",'
    b'"livemode":true,"last_digits":"","account_number":null,"name":null,"type":null,"created_at":"","brand":"",'
    b'"bank_code":null,"branch_code":null},"failure_code":null,"failure_message":null,"paid_at":"","sent_at":"",'
    b'"balance_hold_at":null,"transactions":[],"schedule":null,"fee_vat":196,"net":0,"total_fee":3000,'
    b'"split_transfer_group_id":null,"object":"refund","id":"rfnd_test_","location":"/charges/chrg_/refunds/rfnd_",'
    b'"livemode":true,"voided":false,"currency":"THB","amount":0,"metadata":{},"charge":"chrg_test_","capture":null,'
    b'"terminal":null,"transaction":"trxn_","status":"closed","funding_amount":0,"funding_currency":"THB",'
    b'"created_at":"2026-01-01T00:00:00Z","acquirer_reference_number":null,"approval_code":null}'
    b'"key":"refund.created.debit""transfer.sent.debit","direction":"debit",'
    b'{"object":"transaction","id":"trxn_test_","livemode":true,"currency":"THB","amount":0,'
    b'"location":"/transactions/trxn_test_","direction":"credit","key":"charge.captured.net","origin":"chrg_test_",'
    b'"transferable_at":"2026-01-01T17:00:00Z","created_at":"2026-01-01T00:00:00Z"}'
)

_KINDS: Mapping[str, bytes] = {"charge": _CHARGE}
_BY_SUM: Mapping[bytes, bytes] = {zlib.adler32(text).to_bytes(4): text for text in (_CHARGE, _OTHER)}
# Level, way, window (16 KB) and memory: an object is small, and a small packer is soon made.
_HOW = (2, zlib.DEFLATED, 14, 5)
_NEEDS_DICTIONARY = 0x20  # in the second byte of a zlib stream; the dictionary's sum then follows (RFC 1950)


def pack(kind: str, raw: bytes) -> bytes:
    """A raw object of a kind, as the store keeps it."""
    packer = _packer(_KINDS.get(kind, _OTHER)).copy()
    return packer.compress(raw) + packer.flush()


def unpack(packed: bytes) -> bytes:
    """The raw object that was packed, whatever its kind; raises ValueError where it was packed elsewhere."""
    if not packed[1] & _NEEDS_DICTIONARY:
        return zlib.decompress(packed)
    text = _BY_SUM.get(packed[2:6])
    if text is None:
        raise ValueError("a raw object was packed with a dictionary that is not known here")
    unpacker = zlib.decompressobj(zdict=text)
    return unpacker.decompress(packed) + unpacker.flush()


@cache
def _packer(dictionary: bytes) -> "zlib._Compress":
    """One that has read the dictionary, to be copied."""
    return zlib.compressobj(*_HOW, zdict=dictionary)
