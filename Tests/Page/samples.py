"""Answers as a model gives them about documents: what the screenshots show and the tests of streaming send."""

BILL = """The bill is from **Riverside General Hospital** for a stay of two nights, and it adds up.

| Item | Quantity | Unit price | Amount |
|:-----|---------:|-----------:|-------:|
| Room, per night | 2 | $480.00 | $960.00 |
| Blood panel | 1 | $138.50 | $138.50 |
| X-ray, chest, two views | 1 | $212.00 | $212.00 |
| Amoxicillin 500 mg | 14 | $1.35 | $18.90 |
| **Total** | | | **$1,329.40** |

### What to check

1. The X-ray is billed once, although the letter mentions *two* dates.
2. The insurer's share is missing:
   - deductible of $250.00
   - copayment of 20 %

As JSON, for `claims`:

```json
{
  "provider": "Riverside General Hospital",
  "total": 1329.40,
  "currency": "USD"
}
```
"""

KOREAN_BILL = """이 문서는 **서울중앙병원(외래)**의 진료비 계산서이며, 합계가 맞습니다.

| 항목 | 수량 | 단가 | 금액 |
|:-----|----:|-----:|-----:|
| 진찰료 | 1 | 17,610원 | 17,610원 |
| 혈액 검사 | 2 | 8,450원 | 16,900원 |
| 흉부 X선 촬영 | 1 | 21,300원 | 21,300원 |
| **합계** | | | **55,810원** |

### 확인할 내용

1. 본인부담금은 **16,743원**으로, 합계의 30 %입니다.
2. 진료일이 `2024-03-12`로 적혀 있으나, 영수증의 날짜는 *3월 13일*입니다.

> 금액은 건강보험심사평가원의 기준에 따라 달라질 수 있습니다.
"""
