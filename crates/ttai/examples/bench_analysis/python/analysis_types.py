"""The dataclasses that workflow and activities exchange."""

from dataclasses import dataclass
from typing import List, Optional


@dataclass
class FullAnalysisParams:
    symbol: str
    strategy: str = "csp"


@dataclass
class ChartAnalysisParams:
    symbol: str
    timeframe: str = "daily"
    analysis_depth: str = "standard"
    include_chart_image: bool = True


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
class OptionsConstraints:
    max_delta: float = 0.30
    min_roc: float = 0.5
    dte_min: int = 14
    dte_max: int = 45


@dataclass
class OptionsAnalysisParams:
    symbol: str
    strategy: str = "csp"
    chart_context: Optional[dict] = None
    constraints: Optional[OptionsConstraints] = None


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
class ResearchAnalysisParams:
    symbol: str


@dataclass
class ResearchAnalysisResult:
    symbol: str
    recommendation: str
    news_risk: str
    short_interest_risk: str
    earnings_risk: str
    research_notes: str


@dataclass
class SynthesizeParams:
    symbol: str
    chart: ChartAnalysisResult
    options: OptionsAnalysisResult
    research: ResearchAnalysisResult


@dataclass
class SynthesizedRecommendation:
    rationale: str
    suggested_position: dict


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
