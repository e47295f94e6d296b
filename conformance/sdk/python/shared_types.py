# The result types of the original design, verbatim: what a client that was written against it reads.
from dataclasses import dataclass
from typing import Optional, List
from datetime import datetime

@dataclass
class QuoteData:
    symbol: str
    price: float
    bid: float
    ask: float
    volume: int
    timestamp: datetime

@dataclass
class OptionContract:
    symbol: str
    strike: float
    expiration: str
    option_type: str  # "call" | "put"
    bid: float
    ask: float
    mid: float
    volume: int
    open_interest: int
    iv: float
    delta: float
    gamma: float
    theta: float
    vega: float

@dataclass
class ChartAnalysisResult:
    symbol: str
    recommendation: str
    trend_direction: str
    trend_quality: str
    support_levels: List[dict]
    resistance_levels: List[dict]
    fib_confluence_zones: List[dict]
    extension_risk: str
    chart_notes: str
    tool_calls_made: int

@dataclass
class OptionsAnalysisResult:
    symbol: str
    recommendation: str
    best_strike: Optional[float]
    best_expiration: Optional[str]
    dte: Optional[int]
    weekly_roc: Optional[float]
    delta: Optional[float]
    gamma: Optional[float]
    theta: Optional[float]
    iv_hv_ratio: Optional[float]
    liquidity_score: str
    alternative_strikes: List[dict]
    rationale: str
    options_notes: str
    tool_calls_made: int

@dataclass
class ResearchAnalysisResult:
    symbol: str
    recommendation: str
    news_risk: str
    short_interest_risk: str
    earnings_risk: str
    research_notes: str

@dataclass
class FullAnalysisResult:
    symbol: str
    overall_recommendation: str
    chart_analysis: Optional[ChartAnalysisResult] = None
    options_analysis: Optional[OptionsAnalysisResult] = None
    research_analysis: Optional[ResearchAnalysisResult] = None
    synthesized_rationale: Optional[str] = None
    suggested_position: Optional[dict] = None
    reject_reason: Optional[str] = None
