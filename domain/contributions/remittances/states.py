"""The states of a statement (汇缴书, 补缴书), as users read them."""

STATEMENT_STATES = {
    "open": "待缴款",
    "collecting": "托收中",
    "paid": "已到账，分配中",
    "distributed": "已入账",
    "cancelled": "已撤销",
    "taking_back": "银行收回款项，冲回中",
}
