//! From candidate links to clusters, level by level, strongest rule first.
//!
//! At each level all links are laid on at once. Where the cluster that would arise holds two ids of one source, every node goes
//! to the id it is nearest to (counted in links) and the links between the camps are refused; a node as near to two ids goes to
//! neither, because nothing decides between them. Where the cluster would still be too large, the level's links in it are
//! refused. No step looks at an order or at a name, so that ties are refused and never broken by chance.
//!
//! What rows of `links` call different is parted at the end, at the weakest link of the chain between the two. Parting only
//! removes links, which is why one more undoing never merges more.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

use crate::evidence::Edge;
use crate::rule::Refusal;

#[derive(Debug)]
pub(crate) struct Clusters {
    /// Smallest node of the cluster of each node.
    pub(crate) root: Vec<u32>,
    pub(crate) accepted: Vec<Edge>,
    pub(crate) refused: Vec<(Edge, Refusal)>,
}

/// Union-find whose roots are the smallest members.
struct Forest(Vec<u32>);

impl Forest {
    fn new(nodes: usize) -> Self {
        Self((0..nodes as u32).collect())
    }

    fn find(&mut self, mut node: u32) -> u32 {
        while self.0[node as usize] != node {
            let parent = self.0[node as usize];
            self.0[node as usize] = self.0[parent as usize];
            node = parent;
        }
        node
    }

    fn union(&mut self, a: u32, b: u32) -> bool {
        let (a, b) = (self.find(a), self.find(b));
        self.0[a.max(b) as usize] = a.min(b);
        a != b
    }
}

pub(crate) fn cluster(
    source_of: &[u32],
    weight: impl Fn(u32) -> usize,
    edges: &[Edge],
    different: &[(u32, u32)],
    max_cluster: usize,
) -> Clusters {
    let nodes = source_of.len();
    let mut forest = Forest::new(nodes);
    let mut out = Clusters {
        root: Vec::new(),
        accepted: Vec::with_capacity(edges.len()),
        refused: Vec::new(),
    };
    for level in edges.chunk_by(|x, y| x.rule == y.rule) {
        lay(
            level,
            source_of,
            &weight,
            max_cluster,
            &mut forest,
            &mut out,
        );
    }
    part(different, source_of, &mut forest, &mut out);
    out.refused.sort_unstable();
    out
}

/// Lays one level's links on the clusters so far.
fn lay(
    level: &[Edge],
    source_of: &[u32],
    weight: &impl Fn(u32) -> usize,
    max_cluster: usize,
    forest: &mut Forest,
    out: &mut Clusters,
) {
    let mut tentative = Forest(forest.0.clone());
    for edge in level {
        tentative.union(edge.a, edge.b);
    }
    let bad = bad_roots(source_of, weight, max_cluster, &mut tentative);
    let mut by_root: BTreeMap<u32, Vec<Edge>> = BTreeMap::new();
    for &edge in level {
        let root = tentative.find(edge.a);
        if bad.contains(&root) {
            by_root.entry(root).or_default().push(edge);
        }
    }
    if by_root.is_empty() {
        forest.0 = tentative.0;
        out.accepted.extend_from_slice(level);
        return;
    }
    // Members of the bad components, by their cluster so far.
    let mut records: HashMap<u32, Vec<u32>> = HashMap::new();
    let mut size: HashMap<u32, usize> = HashMap::new();
    for node in 0..source_of.len() as u32 {
        if bad.contains(&tentative.find(node)) {
            let cluster = forest.find(node);
            *size.entry(cluster).or_default() += weight(node);
            if source_of[node as usize] != u32::MAX {
                records.entry(cluster).or_default().push(node);
            }
        }
    }
    for &edge in level {
        if !bad.contains(&tentative.find(edge.a)) {
            forest.union(edge.a, edge.b);
            out.accepted.push(edge);
        }
    }
    for links in by_root.into_values() {
        settle(&links, source_of, &records, &size, max_cluster, forest, out);
    }
}

/// Roots of components that no person may be.
fn bad_roots(
    source_of: &[u32],
    weight: &impl Fn(u32) -> usize,
    max_cluster: usize,
    forest: &mut Forest,
) -> HashSet<u32> {
    let mut size: Vec<u32> = vec![0; source_of.len()];
    let mut bad = HashSet::new();
    let mut ids: Vec<(u32, u32)> = Vec::new();
    for node in 0..source_of.len() as u32 {
        let root = forest.find(node);
        size[root as usize] += weight(node) as u32;
        if size[root as usize] as usize > max_cluster {
            bad.insert(root);
        }
        if source_of[node as usize] != u32::MAX {
            ids.push((root, source_of[node as usize]));
        }
    }
    ids.sort_unstable();
    bad.extend(
        ids.windows(2)
            .filter(|two| two[0] == two[1])
            .map(|two| two[0].0),
    );
    bad
}

/// Keeps of one impossible component's links those that a person can have.
fn settle(
    links: &[Edge],
    source_of: &[u32],
    records: &HashMap<u32, Vec<u32>>,
    size: &HashMap<u32, usize>,
    max_cluster: usize,
    forest: &mut Forest,
    out: &mut Clusters,
) {
    // Clusters so far are the nodes of a small graph.
    let ends: Vec<(u32, u32)> = links
        .iter()
        .map(|edge| (forest.find(edge.a), forest.find(edge.b)))
        .collect();
    let mut ids: BTreeMap<u32, BTreeMap<u32, u32>> = BTreeMap::new();
    let clusters: BTreeSet<u32> = ends.iter().flat_map(|&(a, b)| [a, b]).collect();
    for &cluster in &clusters {
        for &record in records.get(&cluster).map_or(&[][..], Vec::as_slice) {
            ids.entry(source_of[record as usize])
                .or_default()
                .insert(cluster, record);
        }
    }
    let mut cut = vec![false; links.len()];
    for at in ids.values().filter(|at| at.len() > 1) {
        let camp = camps(&clusters, &ends, at);
        for (cut, (a, b)) in cut.iter_mut().zip(&ends) {
            *cut |= camp.get(a) != camp.get(b);
        }
    }
    let local: Vec<u32> = clusters.iter().copied().collect();
    let position = |cluster: u32| local.partition_point(|&c| c < cluster) as u32;
    let mut small = Forest::new(local.len());
    for (&(a, b), _) in ends.iter().zip(&cut).filter(|(_, cut)| !**cut) {
        small.union(position(a), position(b));
    }
    let mut total: BTreeMap<u32, usize> = BTreeMap::new();
    for (at, cluster) in local.iter().enumerate() {
        *total.entry(small.find(at as u32)).or_default() += size.get(cluster).copied().unwrap_or(0);
    }
    for ((&edge, &(a, b)), cut) in links.iter().zip(&ends).zip(cut) {
        if cut {
            out.refused.push((edge, Refusal::TwoIdsOfOneSource));
        } else if a != b
            && total
                .get(&small.find(position(a)))
                .is_some_and(|&n| n > max_cluster)
        {
            out.refused.push((edge, Refusal::TooLarge));
        } else {
            forest.union(a, b);
            out.accepted.push(edge);
        }
    }
}

/// The ids of one source nearest to each cluster of a component.
fn camps(
    clusters: &BTreeSet<u32>,
    ends: &[(u32, u32)],
    at: &BTreeMap<u32, u32>,
) -> BTreeMap<u32, BTreeSet<u32>> {
    let mut near: BTreeMap<u32, BTreeSet<u32>> =
        clusters.iter().map(|&c| (c, BTreeSet::new())).collect();
    for &(a, b) in ends {
        if a != b {
            near.entry(a).or_default().insert(b);
            near.entry(b).or_default().insert(a);
        }
    }
    let mut camp: BTreeMap<u32, BTreeSet<u32>> = at
        .iter()
        .map(|(&cluster, &record)| (cluster, BTreeSet::from([record])))
        .collect();
    let mut ring: Vec<u32> = at.keys().copied().collect();
    while !ring.is_empty() {
        let mut next: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
        for cluster in ring {
            let mine = camp.get(&cluster).cloned().unwrap_or_default();
            for &neighbour in near.get(&cluster).into_iter().flatten() {
                if !camp.contains_key(&neighbour) {
                    next.entry(neighbour).or_default().extend(&mine);
                }
            }
        }
        ring = next.keys().copied().collect();
        camp.extend(next);
    }
    camp
}

/// How firm a link is: strong rules first, and of one rule the links of records before those of handles, since what a CRM
/// declares of its own customer is surer than what a platform let slip. A function of the link alone, else one undoing could
/// move the cut of another.
fn firmness(edge: &Edge, source_of: &[u32]) -> impl Ord + use<> {
    (
        Reverse(edge.rule),
        source_of[edge.a as usize] != u32::MAX,
        Reverse((edge.a, edge.b)),
    )
}

/// Parts what is said to be different.
fn part(different: &[(u32, u32)], source_of: &[u32], forest: &mut Forest, out: &mut Clusters) {
    let nodes = forest.0.len();
    let pairs: Vec<(u32, u32)> = different
        .iter()
        .copied()
        .filter(|&(x, y)| x != y && forest.find(x) == forest.find(y))
        .collect();
    let touched: HashSet<u32> = pairs.iter().map(|&(x, _)| forest.find(x)).collect();
    let mut root: Vec<u32> = (0..nodes as u32).map(|node| forest.find(node)).collect();
    if touched.is_empty() {
        out.root = root;
        return;
    }
    let firm = |edge: &Edge| firmness(edge, source_of);
    let mut links: Vec<Edge> = out
        .accepted
        .iter()
        .copied()
        .filter(|edge| touched.contains(&root[edge.a as usize]))
        .collect();
    links.sort_unstable_by_key(|edge| Reverse(firm(edge)));
    // A tree of the firmest links: between two nodes there is one chain, and every other link hangs on it.
    let mut small = Forest::new(nodes);
    let tree: Vec<Edge> = links
        .iter()
        .copied()
        .filter(|edge| small.union(edge.a, edge.b))
        .collect();
    let mut near: HashMap<u32, Vec<(u32, usize)>> = HashMap::new();
    for (at, edge) in tree.iter().enumerate() {
        near.entry(edge.a).or_default().push((edge.b, at));
        near.entry(edge.b).or_default().push((edge.a, at));
    }
    let mut removed: BTreeSet<usize> = BTreeSet::new();
    for (x, y) in pairs {
        if let Some(weakest) = chain(x, y, &near)
            .into_iter()
            .min_by_key(|&at| firm(&tree[at]))
        {
            removed.insert(weakest);
        }
    }
    let mut rest = Forest::new(nodes);
    for (at, edge) in tree.iter().enumerate() {
        if !removed.contains(&at) {
            rest.union(edge.a, edge.b);
        }
    }
    for (node, root) in root.iter_mut().enumerate() {
        if touched.contains(root) {
            *root = rest.find(node as u32);
        }
    }
    let (kept, lost): (Vec<Edge>, Vec<Edge>) = std::mem::take(&mut out.accepted)
        .into_iter()
        .partition(|edge| root[edge.a as usize] == root[edge.b as usize]);
    out.accepted = kept;
    out.refused
        .extend(lost.into_iter().map(|edge| (edge, Refusal::SaidDifferent)));
    out.root = root;
}

/// The links of the tree between two nodes.
fn chain(x: u32, y: u32, near: &HashMap<u32, Vec<(u32, usize)>>) -> Vec<usize> {
    let mut from: HashMap<u32, (u32, usize)> = HashMap::new();
    let mut queue = VecDeque::from([x]);
    let mut seen = HashSet::from([x]);
    while let Some(node) = queue.pop_front() {
        if node == y {
            break;
        }
        for &(next, at) in near.get(&node).into_iter().flatten() {
            if seen.insert(next) {
                from.insert(next, (node, at));
                queue.push_back(next);
            }
        }
    }
    let mut chain = Vec::new();
    let mut node = y;
    while let Some(&(before, at)) = from.get(&node) {
        chain.push(at);
        node = before;
        if node == x {
            break;
        }
    }
    chain
}
