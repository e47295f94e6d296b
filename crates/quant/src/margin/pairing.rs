//! Pairs short options with what covers them so that the sum of their requirements is least.
//!
//! A transportation problem, solved by successive shortest augmenting paths (Ahuja, Magnanti, Orlin, "Network Flows", ch. 9).

use rust_decimal::Decimal;

/// Which cover takes how many of a short lot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pairing {
    pub(super) short: usize,
    /// `None` where nothing covers them.
    pub(super) cover: Option<usize>,
    pub(super) quantity: Decimal,
}

/// Quantities to pair and what each pair costs a unit.
pub(super) struct PairingProblem {
    /// Units of each short lot, all above zero.
    pub(super) shorts: Vec<Decimal>,
    /// Units that each cover can take.
    pub(super) covers: Vec<Decimal>,
    /// Cost a unit of a short lot (row) under a cover (column); none where it cannot cover.
    pub(super) costs: Vec<Vec<Option<Decimal>>>,
    /// Cost a unit of a short lot that nothing covers.
    pub(super) naked: Vec<Decimal>,
}

impl PairingProblem {
    /// The pairs of least total cost.
    pub(super) fn solve(&self) -> Vec<Pairing> {
        if self.covers.iter().all(Decimal::is_zero) {
            let naked = |(short, &quantity): (usize, &Decimal)| Pairing { short, cover: None, quantity };
            return self.shorts.iter().enumerate().map(naked).collect();
        }
        let mut network = Network::new(self);
        while network.augment() {}
        network.pairings()
    }
}

/// One direction of an edge; its reverse sits at `index ^ 1`.
struct Edge {
    from: usize,
    to: usize,
    room: Decimal,
    cost: Decimal,
}

/// Nodes: 0 the source, 1 the sink, then the short lots, then the covers.
struct Network {
    edges: Vec<Edge>,
    short_count: usize,
    cover_count: usize,
}

const SOURCE: usize = 0;
const SINK: usize = 1;

impl Network {
    fn new(problem: &PairingProblem) -> Self {
        let mut network =
            Self { edges: Vec::new(), short_count: problem.shorts.len(), cover_count: problem.covers.len() };
        for (short, &quantity) in problem.shorts.iter().enumerate() {
            let node = network.short_node(short);
            network.connect(SOURCE, node, quantity, Decimal::ZERO);
            for (cover, cost) in problem.costs[short].iter().enumerate() {
                if let Some(cost) = *cost {
                    network.connect(node, network.cover_node(cover), quantity, cost);
                }
            }
            network.connect(node, SINK, quantity, problem.naked[short]);
        }
        for (cover, &capacity) in problem.covers.iter().enumerate() {
            network.connect(network.cover_node(cover), SINK, capacity, Decimal::ZERO);
        }
        network
    }

    fn short_node(&self, short: usize) -> usize {
        2 + short
    }

    fn cover_node(&self, cover: usize) -> usize {
        2 + self.short_count + cover
    }

    fn connect(&mut self, from: usize, to: usize, room: Decimal, cost: Decimal) {
        self.edges.push(Edge { from, to, room, cost });
        self.edges.push(Edge { from: to, to: from, room: Decimal::ZERO, cost: -cost });
    }

    /// Sends as much as fits along the cheapest path; false once no path is left.
    fn augment(&mut self) -> bool {
        let Some(path) = self.cheapest_path() else { return false };
        let Some(room) = path.iter().map(|&edge| self.edges[edge].room).min() else { return false };
        for edge in path {
            self.edges[edge].room -= room;
            self.edges[edge ^ 1].room += room;
        }
        true
    }

    /// Bellman–Ford from source to sink over the edges with room.
    fn cheapest_path(&self) -> Option<Vec<usize>> {
        let nodes = 2 + self.short_count + self.cover_count;
        let mut reached: Vec<Option<(Decimal, usize)>> = vec![None; nodes];
        reached[SOURCE] = Some((Decimal::ZERO, usize::MAX));
        for _ in 0..nodes {
            let mut changed = false;
            for (index, edge) in self.edges.iter().enumerate().filter(|(_, edge)| !edge.room.is_zero()) {
                let Some((cost, _)) = reached[edge.from] else { continue };
                let cost = cost + edge.cost;
                if reached[edge.to].is_none_or(|(known, _)| cost < known) {
                    reached[edge.to] = Some((cost, index));
                    changed = true;
                }
            }
            if !changed {
                break;
            }
        }
        let mut path = Vec::new();
        let mut node = SINK;
        while node != SOURCE {
            let (_, edge) = reached[node]?;
            path.push(edge);
            node = self.edges[edge].from;
        }
        Some(path)
    }

    fn pairings(&self) -> Vec<Pairing> {
        let first_cover = self.cover_node(0);
        let shorts = SINK + 1..first_cover;
        let forward = self.edges.iter().step_by(2).zip(self.edges.iter().skip(1).step_by(2));
        forward
            .filter(|(edge, back)| shorts.contains(&edge.from) && !back.room.is_zero())
            .map(|(edge, back)| Pairing {
                short: edge.from - 2,
                cover: edge.to.checked_sub(first_cover),
                quantity: back.room,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn problem(costs: &[Vec<Option<u32>>], naked: &[u32]) -> PairingProblem {
        let covers = costs.first().map_or(0, Vec::len);
        PairingProblem {
            shorts: vec![Decimal::ONE; naked.len()],
            covers: vec![Decimal::ONE; covers],
            costs: costs.iter().map(|row| row.iter().map(|cost| cost.map(Decimal::from)).collect()).collect(),
            naked: naked.iter().map(|&cost| Decimal::from(cost)).collect(),
        }
    }

    fn total(problem: &PairingProblem) -> Decimal {
        let cost = |pair: &Pairing| {
            let unit = match pair.cover {
                Some(cover) => problem.costs[pair.short][cover].unwrap(),
                None => problem.naked[pair.short],
            };
            unit * pair.quantity
        };
        problem.solve().iter().map(cost).sum()
    }

    /// Every way to give the shorts from `short` on a free cover or none.
    fn cheapest_by_trying_all(costs: &[Vec<Option<u32>>], naked: &[u32], short: usize, taken: u32) -> u32 {
        if short == naked.len() {
            return 0;
        }
        let alone = naked[short] + cheapest_by_trying_all(costs, naked, short + 1, taken);
        let covered = costs[short].iter().enumerate().filter_map(|(cover, cost)| {
            let free = taken & (1 << cover) == 0;
            cost.filter(|_| free)
                .map(|cost| cost + cheapest_by_trying_all(costs, naked, short + 1, taken | (1 << cover)))
        });
        covered.fold(alone, u32::min)
    }

    #[test]
    fn the_best_single_saving_is_not_always_part_of_the_best_pairing() {
        let costs = [vec![Some(0), Some(1)], vec![Some(1), None]];
        assert_eq!(total(&problem(&costs, &[10, 10])), Decimal::TWO);
    }

    #[test]
    fn shorts_without_a_cover_stay_as_they_are() {
        let mut problem = problem(&[vec![Some(0)], vec![None]], &[10, 20]);
        problem.covers = vec![Decimal::ZERO];
        let mut network = Network::new(&problem);
        while network.augment() {}
        assert_eq!(problem.solve(), network.pairings());
        assert!(problem.solve().iter().all(|pair| pair.cover.is_none() && pair.quantity == Decimal::ONE));
    }

    proptest! {
        #[test]
        fn no_other_pairing_is_cheaper(
            costs in prop::collection::vec(prop::collection::vec(prop::option::of(0_u32..50), 4), 4),
            naked in prop::collection::vec(0_u32..60, 4),
        ) {
            let best = cheapest_by_trying_all(&costs, &naked, 0, 0);
            prop_assert_eq!(total(&problem(&costs, &naked)), Decimal::from(best));
        }
    }
}
